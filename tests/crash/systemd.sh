# What is done with the unit under systemd. What is seen goes line by line to `said`.
say() { echo "$*" >> /sandbox/said; }
of() { systemctl show --value -p "$1" "$unit"; }
is() { [ "$(of "$1")" = "$2" ]; }
wait_for() { until "$@"; do sleep 0.1; done; }

begin() {
    rm -f "/run/$1"
    wait_for /rsched trigger "$1"
    wait_for [ -s "/run/$1" ]
}
lives() { kill -0 "$(cat "/run/$1")" && echo lives || echo is dead; }
let_go() { echo finished > /run/gate; }
outcome() { /rsched history "$1" -n 1 --format json | grep -o '"outcome": *"[a-z_]*"' | cut -d'"' -f4; }
has_ended() { [ -n "$(outcome "$1")" ]; }
# Of an adopted one Linux before 6.15 tells how it ended only to who reaps it, if rsched was slower than systemd.
adopted_end() {
    wait_for has_ended "$1"
    case $(outcome "$1") in
    succeeded | lost) echo to its end ;;
    *) outcome "$1" ;;
    esac
}

starts() { say "START $(date +%s.%N)"; }
has_died() { say "DEATH $(date +%s.%N)"; }
is_back() { main=$(of MainPID) && [ "$main" != 0 ] && [ "$main" != "$pid" ] && is ActiveState active; }
hangs() { main=$(of MainPID) && [ "$main" != 0 ] && grep -q ') D ' "/proc/$main/stat"; }
has_a_thread_that_hangs() { cat "/proc/$(of MainPID)"/task/*/stat | grep -q ') D '; }
answers() { /rsched list | grep -q '^tick '; }
# Not if the disk began to hang in the milliseconds between a record and the mark of the start that follows it: that is
# made by the start itself, which is waited for.
answers_while_its_disk_hangs() {
    fsfreeze -f /var/lib/rsched
    wait_for has_a_thread_that_hangs
    answers && return
    fsfreeze -u /var/lib/rsched
    return 1
}

set -x
say UP
mkfifo /run/gate

unit=rsched
fsfreeze -f /var/lib/rsched
starts
systemctl start --no-block rsched
wait_for hangs
say "before it is ready: $(of ActiveState)"
fsfreeze -u /var/lib/rsched
wait_for is ActiveState active
say "BEGIN $(date +%s)"
wait_for is StatusText 'Scheduling 4 jobs'
say "status: $(of StatusText)"

systemctl start watched
say "a second one: $?, $(unit=watched; of ActiveState), $(unit=watched; of ExecMainStatus)"

cp /etc/rsched/jobs.toml /run/before
printf '[jobs.more]\ncron = "0 0 1 1 *"\ncommand = "true"\n' >> /etc/rsched/jobs.toml
systemctl reload rsched
say "reload: $?, $(of ActiveState), $(/rsched list | grep -c '^more ') more, $(of StatusText)"
echo wrong >> /etc/rsched/jobs.toml
systemctl reload rsched
say "reload of an invalid file: $?, $(of ActiveState)"
cp /run/before /etc/rsched/jobs.toml
systemctl reload rsched
say "reload: $?, $(of ActiveState)"

begin long
pid=$(of MainPID)
kill -9 "$pid"
has_died
wait_for is_back
say "killed: $(of NRestarts) restart, the job $(lives long)"
let_go
say "it was adopted: $(adopted_end long)"

wait_for answers_while_its_disk_hangs
say "a disk that hangs: $(of ActiveState), and it answers"
fsfreeze -u /var/lib/rsched

begin deaf
begin long
pid=$(of MainPID)
systemctl stop --no-block rsched
wait_for is ActiveState deactivating
let_go
wait_for has_ended long
say "stopping: $(of ActiveState), one job $(outcome long), one $(lives deaf)"
kill -TERM "$pid"
wait_for is ActiveState inactive
say "stopped: $(of Result), $(of ExecMainStatus), $(cat /run/told) and $(outcome deaf), it $(lives deaf)"

unit=watched
starts
systemctl start watched
begin long
pid=$(of MainPID)
kill -STOP "$pid"
has_died
wait_for is_back
[ "$(of NRestarts)" -gt 0 ] && say "a stopped one: restarted, the job $(lives long)"
let_go
say "it was adopted: $(adopted_end long)"
systemctl stop watched

unit=group
starts
systemctl start group
begin long
pid=$(of MainPID)
kill -9 "$pid"
has_died
wait_for is_back
say "killed with its group: $(of NRestarts) restart, the job $(lives long)"
wait_for has_ended long
say "it is $(outcome long)"
say "END $(date +%s)"
/rsched pause tick
while /rsched history tick -n 10 --format json | grep -q '"running"'; do sleep 0.1; done
begin long
systemctl stop group
say "stopped with its group: $?, $(of Result), $(of ExecMainStatus), the job $(outcome long)"

unit=rsched
echo wrong >> /etc/rsched/jobs.toml
systemctl start rsched
say "an invalid file: $?, $(of ActiveState), $(of ExecMainStatus)"
cp /run/before /etc/rsched/jobs.toml

journalctl -o json RSCHED_JOB_ID=long > /sandbox/journal
/rsched history tick -n 100000 --format json > /sandbox/history
/rsched store check > /sandbox/checked
cp /run/evidence /sandbox/evidence
say DONE
