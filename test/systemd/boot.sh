#!/bin/sh
# boot.sh ROOT WORK: makes systemd pid 1 of the namespaces that it is executed in, with the
# root directory ROOT, of which it changes a copy in memory. WORK is the same directory
# inside.
set -eu
root=$1 work=$2
mount --make-rprivate /
new=$work/new
mkdir "$new"
mount -t tmpfs -o size=4g tmpfs "$work/memory"
mkdir "$work/memory/upper" "$work/memory/overlay" "$work/memory/lib"
mount -t overlay -o "lowerdir=$root,upperdir=$work/memory/upper,workdir=$work/memory/overlay" overlay "$new"
mount -t proc proc "$new/proc"
mount -t sysfs sysfs "$new/sys"
mount -t cgroup2 cgroup2 "$new/sys/fs/cgroup"
mount -t tmpfs tmpfs "$new/run"
mount -t tmpfs tmpfs "$new/tmp"
mount --rbind /dev "$new/dev"
for of in docker containerd containers; do
	mkdir -p "$work/memory/lib/$of" "$new/var/lib/$of"
	mount --bind "$work/memory/lib/$of" "$new/var/lib/$of" # an engine's overlay cannot lie on an overlay
done
mkdir -p "$new$work"
mount --bind "$work" "$new$work"
cp -r "$work/etc" "$new/"
ip link set lo up
cd "$new"
mkdir -p old
pivot_root . old
umount -l /old
exec env -i container=other PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
	/lib/systemd/systemd --log-target=console --log-level=info --show-status=false
