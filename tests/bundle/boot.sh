#!/bin/bash
# Boots a systemd of its own over an overlay of this machine, in namespaces without a route, follows the install steps of
# docs/operations.md inside, and lets boot-test.ts talk to it. Needs root and the namespaces; leaves nothing behind.
# Usage: boot.sh WORK ARCHIVE
set -e
work=$1 archive=$2 root=$1/root upper=$1/upper
mount --make-rprivate /
mkdir -p "$root" "$upper"
mount -t tmpfs upper "$upper"
mkdir "$upper/files" "$upper/work"
mount -t overlay overlay -o "lowerdir=/,upperdir=$upper/files,workdir=$upper/work" "$root"
mount -t tmpfs run "$root/run"
mount -t tmpfs tmp "$root/tmp"
mount -t proc proc "$root/proc"
mount -t sysfs sys "$root/sys" 2>/dev/null || mount --rbind /sys "$root/sys"
mount -t cgroup2 cgroup "$root/sys/fs/cgroup" 2>/dev/null || mount --rbind /sys/fs/cgroup "$root/sys/fs/cgroup"
mount -t tmpfs dev "$root/dev"
for device in null zero random urandom tty full; do
  touch "$root/dev/$device"
  mount --bind "/dev/$device" "$root/dev/$device"
done
mkdir "$root/dev/shm" "$root/dev/pts" "$root/dev/mqueue"
mount -t tmpfs shm "$root/dev/shm"
mount -t devpts -o newinstance,ptmxmode=0666 devpts "$root/dev/pts"
ln -s pts/ptmx "$root/dev/ptmx"
mount -t mqueue mqueue "$root/dev/mqueue" || true
"$(command -v ip || echo /usr/sbin/ip)" link set lo up
cp "$archive" "$archive.sha256" "$root/tmp/"

chroot "$root" /bin/bash -ex <<'INSTALL' >"$work/install.log" 2>&1
cd /tmp
sha256sum -c watchfire-*.tar.gz.sha256
mkdir -p /opt/watchfire
tar -xzf watchfire-*.tar.gz --strip-components=1 --no-same-owner -C /opt/watchfire
useradd --system --user-group --home-dir /var/lib/watchfire --shell /usr/sbin/nologin watchfire
install -d -m 755 /etc/watchfire
install -m 640 -g watchfire /dev/null /etc/watchfire/watchfire.yaml
cp /opt/watchfire/deploy/watchfire*.service /opt/watchfire/deploy/watchfire*.timer /etc/systemd/system/
ln -sf /opt/watchfire/watchfire /usr/local/bin/watchfire
install -d -o watchfire -g watchfire -m 700 /var/backups/watchfire
# Services of this machine have no business in there.
rm -f /etc/systemd/system/multi-user.target.wants/*
systemctl mask getty.target systemd-udevd.service systemd-udev-trigger.service systemd-modules-load.service \
  systemd-logind.service systemd-networkd.service systemd-resolved.service networking.service dbus.service
systemctl enable watchfire.service watchfire-backup.timer
INSTALL

cd "$root"
mkdir oldroot
pivot_root . oldroot
umount -l /oldroot
exec chroot . /usr/bin/env -i container=other PATH=/usr/sbin:/usr/bin:/sbin:/bin \
  /lib/systemd/systemd --system --unit=multi-user.target
