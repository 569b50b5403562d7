# An NFS server and its client in one kernel, whose caches are told what `rpc.mountd` would tell them.
say() { echo "$*" >> said; }

# finit_module(2) of a module and what it needs, deepest first; `modprobe` does not look where these are.
modules=/usr/lib/uml/modules/$(uname -r)
load() {
    line=$(grep "/$1\.ko:" "$modules/modules.dep")
    for module in $(echo "${line#*:}" | tr ' ' '\n' | tac) "${line%%:*}"; do
        perl -e 'my $none = ""; open F, "<", $ARGV[0] or die; syscall(313, fileno(F), $none, 0);' "$modules/$module"
    done
}

serve() {
    load nfsd
    load nfsv4
    ip link set lo up
    mount -t nfsd nfsd /proc/fs/nfsd || return
    mkdir recovery nfs
    echo "$PWD/recovery" > /proc/fs/nfsd/nfsv4recoverydir
    echo "-3 +4 +4.1 +4.2" > /proc/fs/nfsd/versions
    for_ever=2147483647
    echo "nfsd 127.0.0.1 $for_ever here" > /proc/net/rpc/auth.unix.ip/channel
    # Any port, root is root, no check of directories above it, and it has the number 0.
    echo "here $PWD/disk $for_ever $((0x2 | 0x400 | 0x2000)) 65534 65534 0" > /proc/net/rpc/nfsd.export/channel
    echo "here 1 \\\\x00000000 $for_ever $PWD/disk" > /proc/net/rpc/nfsd.fh/channel
    echo "tcp 2049" > /proc/fs/nfsd/portlist
    echo 2 > /proc/fs/nfsd/threads
    # Nobody has locks from before.
    echo Y > /proc/fs/nfsd/v4_end_grace
    options=addr=127.0.0.1,clientaddr=127.0.0.1,vers=4.2,sec=sys
    timeout 20 mount -i -t nfs4 -o $options 127.0.0.1:/ nfs
}

exec > trace 2>&1
set -x
if ! serve; then
    say NO NFS
    power_off
fi
RSCHED run jobs.toml --state-dir nfs/state --log-format json 2> first &
first=$!
until grep -q job_executed first; do sleep 0.1; done
RSCHED run jobs.toml --state-dir nfs/state 2> second
say "a second one: $?"
kill -9 $first
say "DEATH $(date +%s.%N)"
RSCHED run jobs.toml --state-dir nfs/state --log-format json 2> third &
third=$!
until grep -q job_executed third; do sleep 0.1; done
kill $third
wait $third
say "the next one: $?"
RSCHED history --state-dir nfs/state -f jobs.toml -n 100000 --format json > history
RSCHED store check nfs/state > checked
say DONE
power_off
