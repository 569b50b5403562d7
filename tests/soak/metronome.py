#!/usr/bin/env python3
"""A day of a one-second job in some minutes: each second of it once, and never early.

    tests/soak/metronome.py [SPEED] [SECONDS]      (100 and 86,400: a quarter of an hour; needs libfaketime)

libfaketime has the scheduler's clocks run SPEED times as fast. A schedule that counted from the end of a wait
instead of from the clock would leave out a second now and then: each wake-up is SPEED times as late as without it. What
is late is made up for, so a machine that cannot keep up only ends later. Two things are libfaketime's: a timer on
CLOCK_BOOTTIME never ends, so that nothing is done once a minute, and the two clocks, read one behind the other, differ by
SPEED times what lies between, which may look like a step.
"""

import collections
import glob
import json
import os
import subprocess
import sys
import tempfile
import time
from datetime import datetime, timezone

from harness import percentile, program

SPEED = int(sys.argv[1]) if len(sys.argv) > 1 else 100
SECONDS = int(sys.argv[2]) if len(sys.argv) > 2 else 86_400
FIRST = int(datetime(2026, 11, 21, tzinfo=timezone.utc).timestamp())

JOBS = """[scheduler]
timezone = 'UTC'
store = 'memory'
allow = ['same_job']
[executors.default]
max_workers = 'unlimited'
[jobs.tick]
cron = { second = '*' }
misfire_grace_time = 'forever'
coalesce = false
max_instances = 'unlimited'
clear_env = true
command = 'echo $RSCHED_FIRE_TIME >> evidence'
"""

libraries = glob.glob("/usr/lib/*/faketime/libfaketimeMT.so.1") + glob.glob("/usr/lib*/faketime/libfaketimeMT.so.1")
if not libraries:
    sys.exit("skipped: needs libfaketime (Debian: libfaketime)")
directory = tempfile.TemporaryDirectory(prefix="rsched-soak-")
with open(f"{directory.name}/jobs.toml", "w") as jobs_file:
    jobs_file.write(JOBS)
open(f"{directory.name}/evidence", "w").close()
start = datetime.fromtimestamp(FIRST - 30, timezone.utc)
# Time is faked from where it begins, so that the scheduler sees no other one.
environment = dict(os.environ, LD_PRELOAD=libraries[0], TZ="UTC", FAKETIME=f"@{start:%Y-%m-%d %H:%M:%S} x{SPEED}")
with open(f"{directory.name}/log", "w") as log:
    scheduler = subprocess.Popen(
        [program(), "run", "jobs.toml", "--state-dir", "s", "--log-format", "json"],
        cwd=directory.name, env=environment, stderr=log, stdin=subprocess.DEVNULL)


def new_seconds(evidence):
    """Those of which a run has told since the last look."""
    for line in evidence:
        yield int(datetime.fromisoformat(line.strip()).timestamp())


ran, day = collections.Counter(), range(FIRST, FIRST + SECONDS)
began, told = time.time(), 0
with open(f"{directory.name}/evidence") as evidence:
    # One that is late may run behind many that are not.
    while len(ran) < SECONDS or any(second not in ran for second in day):
        time.sleep(0.5)
        ran.update(new_seconds(evidence))
        if len(ran) * 10 // SECONDS > told:
            told = len(ran) * 10 // SECONDS
            print("%6d runs  %6.1f s" % (len(ran), time.time() - began), flush=True)
        if scheduler.poll() is not None:
            sys.exit(f"it ended with {scheduler.returncode}")
        if ran and max(ran) > day[-1] + 3600:
            break
    took = time.time() - began
    scheduler.terminate()
    code = scheduler.wait(120)
    ran.update(new_seconds(evidence))

missing = [second for second in day if second not in ran]
twice = [second for second in ran if ran[second] > 1]
late, steps = [], 0
with open(f"{directory.name}/log") as log:
    for line in log:
        line = json.loads(line)
        steps += line.get("event") == "clock_stepped"
        if line.get("event") == "job_started":
            due = int(datetime.fromisoformat(line["fire_time"]).timestamp())
            if due in day:
                late.append(datetime.fromisoformat(line["time"]).timestamp() - due)
early = sum(delay < 0 for delay in late)
half = len(late) // 2
print(f"{SECONDS} seconds {SPEED} times as fast in {took:.0f} s: {len(missing)} missing, {len(twice)} twice, {early} early, "
      f"{steps} steps of the clock seen; exit code {code}")
late_first, late_second = sorted(late[:half]), sorted(late[half:])
for name, delays in [("first", late_first), ("second", late_second)]:
    print(f"late in the {name} half, in its seconds: median {percentile(delays, 0.5):.3f}, 99 of 100 {percentile(delays, 0.99):.3f}, most {delays[-1]:.3f}")
if missing or twice or early or code:
    sys.exit(f"missing {missing[:5]}, twice {twice[:5]}")
