# Sets the clock, and has `jumps` say what that was called and how long the machine had been up.
jump() {
    lines=$(wc -l < log)
    read -r uptime rest < /proc/uptime
    echo "$1 $uptime" >> jumps
    date -u -s "$2" > /dev/null
}
by() { echo "@$(($(date +%s) + $1))"; }
# Waits for such a line of the log behind the jump.
await() { until tail -n "+$((lines + 1))" log | grep -q "$1"; do sleep 0.1; done; }
await_runs_of() { for job; do await "job_executed.*\"$job\""; done; }

date -u -s "2026-11-21 02:59:57" > /dev/null
RSCHED run jobs.toml --state-dir disk/state --log-format json > log 2>&1 &
scheduler=$!
lines=0
await_runs_of daily
jump back-an-hour "$(by -3600)"
await clock_stepped
jump there-again "$(by 3600)"
await_runs_of minute interval
jump an-hour "$(by 3600)"
await_runs_of minute interval patient
jump a-year "2027-11-21 12:00:30"
await_runs_of minute interval patient
jump back-a-year "2026-11-21 03:10:57"
await 'job_started.*"minute".*2026-11-21T03:11:00'
jump fifty-years "2076-11-21 02:59:30"
await_runs_of minute interval patient
kill $scheduler
wait $scheduler
RSCHED history --state-dir disk/state -n 1000000 --format json > history.json
sync
echo REPORTED
power_off
