#!/usr/bin/env python3
"""The kernel kills the scheduler when memory runs out: no fire runs twice, and none is missing.

    tests/soak/oom.py [KILLS]      (50; as root, where memory control groups of version 1 are)

Ten jobs of every second write down that they ran. Scheduler and jobs are in a control group whose limit is set to what
they use, again and again, until the kernel has killed the scheduler, the largest in it, so many times; each time
another one takes over. A job that was killed with it must be on record as killed by signal 9, or as lost.
"""

import os
import random
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections import Counter

from harness import program

KILLS = int(sys.argv[1]) if len(sys.argv) > 1 else 50
JOBS, ROOM = 10, 256 << 20
GROUP = f"/sys/fs/cgroup/memory/rsched-oom-{os.getpid()}"

TOML = "[history]\nkeep_runs = 1000000\n[executors.default]\nmax_workers = 'unlimited'\n[scheduler]\nallow = ['same_job']\n"
for index in range(JOBS):
    TOML += f"""[jobs.j{index}]
cron = {{ second = '*' }}
command = 'echo "$RSCHED_JOB_ID $(date -d "$RSCHED_FIRE_TIME" +%s)" >> evidence'
misfire_grace_time = 'forever'
coalesce = false
max_instances = 'unlimited'
"""


def write(name, text):
    with open(f"{GROUP}/{name}", "w") as file:
        file.write(str(text))


def used():
    with open(f"{GROUP}/memory.usage_in_bytes") as file:
        return int(file.read())


def squeeze(limit):
    """Below what is used the kernel takes back what it can, and refuses if that is not enough."""
    try:
        write("memory.limit_in_bytes", limit)
    except OSError:
        pass


def start():
    def enter():
        write("cgroup.procs", os.getpid())

    log = open(f"{directory.name}/log", "a")
    return subprocess.Popen([program(), "run", "jobs.toml", "--state-dir", "s"], cwd=directory.name, preexec_fn=enter,
                            stderr=log, stdin=subprocess.DEVNULL)


if os.geteuid() != 0 or not os.path.isdir("/sys/fs/cgroup/memory"):
    sys.exit("skipped: needs root, and memory control groups of version 1")
directory = tempfile.TemporaryDirectory(prefix="rsched-oom-")
with open(f"{directory.name}/jobs.toml", "w") as jobs_file:
    jobs_file.write(TOML)
os.mkdir(GROUP)
try:
    killed = 0
    while killed < KILLS:
        squeeze(ROOM)
        scheduler = start()
        time.sleep(random.uniform(0.3, 2.5))
        while scheduler.poll() is None:
            squeeze(used())
            time.sleep(0.05)
        if scheduler.returncode != -signal.SIGKILL:
            sys.exit(f"it ended with {scheduler.returncode}")
        killed += 1
    squeeze(ROOM)
    scheduler = start()
    time.sleep(5)
    scheduler.terminate()
    if scheduler.wait(60) != 0:
        sys.exit(f"it ended with {scheduler.returncode}")
    with open(f"{GROUP}/memory.oom_control") as file:
        print("the kernel:", [line.strip() for line in file if line.startswith("oom_kill ")])
finally:
    os.rmdir(GROUP)

with open(f"{directory.name}/evidence") as file:
    ran = Counter(tuple(line.split()) for line in file)
doubled = [fire for fire, count in ran.items() if count > 1]
store = sqlite3.connect(f"{directory.name}/s/store.sqlite")
ends = {(job, str(at // 1_000_000)): (outcome, number) for job, at, outcome, number in
        store.execute("SELECT job, fire_time, outcome, signal FROM runs")}
seconds = [int(second) for _, second in ran]
due = [(f"j{index}", str(second)) for index in range(JOBS) for second in range(min(seconds) + 1, max(seconds) + 1)]
excused = [fire for fire in due if fire not in ran and ends.get(fire) in [("failed", 9), ("lost", None)]]
missing = [fire for fire in due if fire not in ran and fire not in excused]
wrong = [(fire, ends.get(fire)) for fire in due if ends.get(fire, (None,))[0] not in ("succeeded", "failed", "lost")]
print(f"{killed} schedulers killed; {len(due)} fires: {len(doubled)} doubled, {len(missing)} missing, "
      f"{len(excused)} killed with their scheduler, {len(wrong)} without an outcome of a run")
if doubled or missing or wrong:
    sys.exit(f"doubled {doubled[:5]}, missing {missing[:5]}, wrong {wrong[:5]}")
