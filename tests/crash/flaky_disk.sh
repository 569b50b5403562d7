# A disk that refuses writes for three seconds of five, again and again, and is well in the end.
load() {
    perl -e '
        my ($none, $path) = ("", $ARGV[0]);
        open my $module, "<", $path or die "$path: $!";
        syscall(313, fileno($module), $none, 0) == 0 or die "$path: $!";
    ' "/usr/lib/uml/modules/$(uname -r)/kernel/drivers/md/$1.ko"
}
none() {
    echo "NO FLAKY DISK: $1"
    power_off
}
load dm-mod && load dm-flakey || none "no modules"
# No udev is there to be waited for.
export DM_DISABLE_UDEV=1
umount disk
whole="/dev/ubda 0"
table() { echo "0 $(cat /sys/block/ubda/size) $*"; }
become() {
    dmsetup suspend --nolockfs --noflush flaky
    dmsetup load flaky --table "$(table "$@")"
    dmsetup resume flaky
}
dmsetup create flaky --noudevsync --table "$(table linear $whole)" || none "no device mapper"
# With a journal the file system would be read-only from the first error on.
mkfs.ext4 -q -F -O ^has_journal /dev/mapper/flaky
mount -t ext4 /dev/mapper/flaky disk || none "it cannot be mounted"

executed() { grep -c 'job_executed.*"tick"' log; }
RSCHED run jobs.toml --state-dir disk/state --log-format json > log 2>&1 &
scheduler=$!
until [ "$(executed)" -ge 1 ]; do sleep 0.1; done
date +%s.%N > flaky-since
become flakey $whole 2 3 1 error_writes
sleep 26
become linear $whole
date +%s.%N > well-since
before=$(executed)
until [ "$(executed)" -ge $((before + 3)) ]; do sleep 0.1; done

RSCHED pause tick --state-dir disk/state
history() { RSCHED history --state-dir disk/state -n 100000 --format json; }
while history | grep -Eq '"state":"(pending|starting|running)"'; do sleep 0.1; done
kill $scheduler
wait $scheduler
history > history
# What is on the disk itself, not what the kernel remembers of it.
umount disk
mount -t ext4 /dev/mapper/flaky disk
history > history-on-disk
RSCHED store check disk/state > checked
sync
echo REPORTED
power_off
