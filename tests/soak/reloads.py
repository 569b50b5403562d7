#!/usr/bin/env python3
"""Reloads, thousands of them, while jobs run: no fire may be lost or come twice, no memory may be lost.

    tests/soak/reloads.py [RELOADS]      (10,000; exit code 1 if anything is wrong)

Twenty jobs run every second, and each run appends a line of its own to a file. Before each reload a
twenty-first job is changed, comes or goes. The lines are then held against the clock: between the first and the
last fire of a job, each second must be there exactly once.
"""

import collections
import sys
import time
from datetime import datetime

from harness import Scheduler, ask

RELOADS = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
JOBS = 20


def toml(number):
    text = "[scheduler]\nallow = ['same_job']\ntimezone = 'UTC'\n[executors.default]\nmax_workers = 200\n[defaults]\nmax_instances = 100\n"
    for job in range(JOBS):
        text += f"[jobs.j{job}]\ncron = {{ second = '*' }}\n"
        text += "command = 'echo $RSCHED_JOB_ID $RSCHED_FIRE_TIME >> evidence'\n"
    if number % 3:
        text += f"[jobs.other]\ncron = '{number % 60} * * * *'\ncommand = 'true'\n"
    return text


scheduler = Scheduler(toml(0))
connection = scheduler.connect()
began, marks = time.time(), []
for number in range(1, RELOADS + 1):
    scheduler.write(toml(number))
    status = ask(connection, "POST", "/scheduler/reload")
    if status != 204:
        sys.exit(f"reload {number} was answered {status}")
    if number % max(1, RELOADS // 10) == 0:
        marks.append((number, scheduler.memory(), scheduler.descriptors()))
        print("%6d reloads  %5d KiB  %3d descriptors  %5.1f s" % (*marks[-1], time.time() - began), flush=True)
took = time.time() - began
connection.close()
code = scheduler.stop()

fires = collections.Counter()
with open(scheduler.path("evidence")) as evidence:
    for line in evidence:
        fires[tuple(line.split())] += 1
twice = [fire for fire, count in fires.items() if count > 1]
missing = []
for job in range(JOBS):
    times = [at for name, at in fires if name == f"j{job}"]
    seconds = {int(datetime.fromisoformat(at).timestamp()) for at in times}
    missing += [(f"j{job}", at) for at in range(min(seconds), max(seconds)) if at not in seconds]
events = collections.Counter(line.get("event") for line in scheduler.events)
grown = marks[-1][1] - marks[0][1]
print(f"{RELOADS} reloads in {took:.1f} s, {len(fires)} fires: {len(twice)} twice, {len(missing)} missing")
print(f"memory grew by {grown} KiB from the first tenth to the last; exit code {code}")
print(f"events: started {events['job_started']}, executed {events['job_executed']}, missed {events['job_missed']}")
if twice or missing or code or grown > 2048 or events["job_missed"]:
    print("wrong:", twice[:5], missing[:5])
    sys.exit(1)
