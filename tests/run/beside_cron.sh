#!/bin/sh
# Runs a cron and rsched beside each other on the same crontabs, until standard input ends:
#
#     unshare --mount --pid --fork --kill-child --mount-proc beside_cron.sh SCRATCH RSCHED CRON…
#
# SCRATCH holds the crontabs `user` (root's) and `system`, and the programs `sendmail` and `sendmail.rsched`.
# All that a cron reads or writes outside of it is put over the machine's own in a namespace of mounts, and
# is gone with that.
set -eu
scratch=$1 rsched=$2
shift 2

over() {
  mount -t tmpfs -o mode=755 none "$1"
}
over /var/spool
over /run
over /etc/cron.d
# What PAM sets comes from the machine, not from cron.
over /etc/pam.d
for service in cron cronie crond other; do
  for kind in auth account session; do
    echo "$kind required pam_permit.so"
  done > /etc/pam.d/$service
done
if [ -e /etc/crontab ]; then
  mount --bind /dev/null /etc/crontab
fi
# The place of sendmail is built into cron.
mkdir "$scratch/sbin"
mount --bind /usr/sbin "$scratch/sbin"
over /usr/sbin
for program in "$scratch"/sbin/*; do
  ln -s "$program" /usr/sbin/
done
ln -sf "$scratch/sendmail" /usr/sbin/sendmail

mkdir -p /var/spool/cron/crontabs
install -m 600 "$scratch/user" /var/spool/cron/crontabs/root
install -m 600 "$scratch/system" /etc/cron.d/system

export LC_ALL=C.UTF-8
"$rsched" run /var/spool/cron/crontabs/root /etc/cron.d/system --state-dir "$scratch/state" \
  --sendmail "$scratch/sendmail.rsched" 2> "$scratch/rsched.log" &
"$@" 2> "$scratch/cron.log" &
read -r _ || true
