# Makes a root with nothing on it but the programs of this one, and goes on there as systemd.
here=$PWD
mkdir -p root
mount -t tmpfs -o size=16m,mode=755 tmpfs root
cd root
mkdir -p usr etc/rsched etc/systemd/system etc/systemd/system-generators var/lib/rsched proc sys dev run tmp root sandbox old
chmod 1777 tmp
mount --bind /usr usr
for name in bin sbin lib lib64 lib32; do
    if [ -L "/$name" ]; then
        cp -P "/$name" .
    elif [ -d "/$name" ]; then
        mkdir "$name"
        mount --bind "/$name" "$name"
    fi
done
mount --bind "$here" sandbox
mount --bind "$here/disk" var/lib/rsched
mount -t devtmpfs dev dev
touch rsched
mount --bind RSCHED rsched

cp "$here/jobs.toml" etc/rsched
echo 'root:x:0:0::/root:/bin/sh' > etc/passwd
echo 'root:x:0:' > etc/group
echo 0123456789abcdef0123456789abcdef > etc/machine-id
echo 'ID=test' > etc/os-release
# What takes long to come up and nothing here needs.
for name in systemd-udevd systemd-udev-trigger systemd-hwdb-update systemd-sysusers systemd-tmpfiles-setup \
    systemd-tmpfiles-setup-dev systemd-update-utmp systemd-random-seed; do
    ln -s /dev/null "etc/systemd/system/$name.service"
done
for generator in /usr/lib/systemd/system-generators/*; do
    ln -s /dev/null "etc/systemd/system-generators/${generator##*/}"
done

cd etc/systemd/system
# The unit as it is shipped, and two with other settings beside it.
for name in rsched watched group; do
    sed 's#=/usr/bin/rsched #=/rsched #' "$here/shipped.service" > "$name.service"
    mkdir "$name.service.d"
done
printf '[Service]\nWatchdogSec=5s\n' > watched.service.d/test.conf
printf '[Service]\nKillMode=control-group\n' > group.service.d/test.conf
printf '[Unit]\nWants=check.service\n' > check.target
printf '[Service]\nExecStart=/bin/sh /sandbox/check\nStandardOutput=file:/sandbox/trace\nStandardError=inherit\n' > check.service

cd "$here/root"
pivot_root . old
exec chroot . /bin/sh -c 'umount -l /old; exec /usr/lib/systemd/systemd --unit=check.target --show-status=false' < dev/console > dev/console 2>&1
