#!/bin/sh
# boot.sh ROOT WORK VERSION: makes systemd pid 1 of the namespaces that it is executed in,
# with the root directory ROOT, of which it changes a copy in memory, and with the cgroups
# of VERSION. WORK is the same directory inside.
set -eu
root=$1 work=$2 version=$3

mount_cgroups() {
	cgroups=$new/sys/fs/cgroup
	if [ "$version" = 2 ]; then
		mount -t cgroup2 cgroup2 "$cgroups"
		return
	fi
	mount -t tmpfs -o mode=755 tmpfs "$cgroups"
	mounts=$(cat /proc/self/mounts)
	while read -r source dir type rest; do # the host's hierarchies, a subtree of each
		[ "$type" = cgroup ] || continue
		name=${dir##*/} options=${dir##*/}
		[ "$name" != systemd ] || options=none,name=systemd
		mkdir "$cgroups/$name"
		mount -t cgroup -o "$options" cgroup "$cgroups/$name"
	done <<-EOF
		$mounts
	EOF
	mkdir "$cgroups/unified"
	mount -t cgroup2 cgroup2 "$cgroups/unified"
}

mount --make-rprivate /
new=$work/new
mkdir "$new"
mount -t tmpfs -o size=4g tmpfs "$work/memory"
mkdir "$work/memory/upper" "$work/memory/overlay" "$work/memory/lib"
mount -t overlay -o "lowerdir=$root,upperdir=$work/memory/upper,workdir=$work/memory/overlay" overlay "$new"
mount -t proc proc "$new/proc"
mount -t sysfs sysfs "$new/sys"
mount_cgroups
mount -t tmpfs tmpfs "$new/run"
mount -t tmpfs tmpfs "$new/tmp"
mount --rbind /dev "$new/dev"
for of in docker containerd containers; do
	mkdir -p "$work/memory/lib/$of" "$new/var/lib/$of"
	mount --bind "$work/memory/lib/$of" "$new/var/lib/$of" # an engine's overlay cannot lie on an overlay
done
# For every user, as udev makes it; the host's own may be for root only.
mknod -m 666 "$work/memory/tun" c 10 200
[ ! -e "$new/dev/net/tun" ] || mount --bind "$work/memory/tun" "$new/dev/net/tun"
mkdir -p "$new$work"
mount --bind "$work" "$new$work"
cp -r "$work/etc" "$new/"
ip link set lo up
# Rootless networks copy the default route, which here leads nowhere.
ip link add uplink type bridge
ip address add 192.0.2.2/24 dev uplink
ip link set uplink up
ip route add default via 192.0.2.1
cd "$new"
mkdir -p old
pivot_root . old
umount -l /old
mount --make-rshared / # as on a host
# In a container systemd reads its own arguments as those of the kernel: these let it use v1.
[ "$version" = 2 ] && set -- || set -- systemd.unified_cgroup_hierarchy=0 SYSTEMD_CGROUP_ENABLE_LEGACY_FORCE=1
exec env -i container=other PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
	/lib/systemd/systemd --log-target=console --log-level=info --show-status=false "$@"
