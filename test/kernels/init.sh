#!/bin/busybox sh
# The first process of a machine: see Initramfs. It reads three options from the
# kernel's command line: root=/dev/vda (that disk is the root, else a tmpfs),
# cgroup=v1 (else v2), and pid1=systemd (else a script: the root's systemd, which has
# to want main.service, follows as the first process).
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
busybox mkdir -p /proc /sys /dev /new /root /usr/bin /usr/sbin /sbin
busybox mount -t proc proc /proc
busybox --install -s
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev

while read -r module; do
	insmod "/load/$module.ko" || echo "init: $module is not loaded"
done </load/order

if grep -q 'root=/dev/vda' /proc/cmdline; then
	tries=0
	until [ -b /dev/vda ] || [ $((tries += 1)) -gt 100 ]; do sleep 0.1; done
	mount -t ext4 /dev/vda /new || poweroff -f
else
	mount -t tmpfs -o mode=755 tmpfs /new
	mkdir -p /new/bin /new/sbin /new/usr/bin /new/usr/sbin
	cp -a /bin /sbin /usr /new/
fi
mkdir -p /new/proc /new/sys /new/dev /new/run /new/tmp /new/root /new/etc
chmod 1777 /new/tmp
cp -a /root/. /new/

# What a host has mounted.
mkdir -p /dev/pts /dev/shm
mount -t devpts -o ptmxmode=666 devpts /dev/pts
mount -t tmpfs tmpfs /dev/shm
ln -sf /proc/self/fd /dev/fd
mount -t bpf bpf /sys/fs/bpf
mount -t debugfs debugfs /sys/kernel/debug
mount -t tracefs tracefs /sys/kernel/tracing
if grep -q 'cgroup=v1' /proc/cmdline; then
	mount -t tmpfs tmpfs /sys/fs/cgroup
	for controller in $(awk '!/^#/ && $4 == 1 { print $1 }' /proc/cgroups) name=systemd; do
		dir=/sys/fs/cgroup/${controller#name=}
		mkdir "$dir"
		case $controller in name=*) controller=none,$controller ;; esac
		mount -t cgroup -o "$controller" cgroup "$dir" || rmdir "$dir"
	done
else
	mount -t cgroup2 cgroup2 /sys/fs/cgroup
fi
mount -t tmpfs -o mode=755 tmpfs /new/run
for dir in proc sys dev; do mount --move "/$dir" "/new/$dir"; done
ip link set lo up

cp /bin/busybox /command /new/run/
# The command's output goes to its own port, so that no kernel message is mixed
# into it. The last line is the command's exit status: see cutMarker.
cat >/new/run/main <<'EOF'
port=$(echo /dev/vport*p1)
cd /
/run/busybox sh /run/command >"$port" 2>&1 </dev/null
printf '\nexit-status: %d\n' $? >"$port"
/run/busybox sync
/run/busybox poweroff -f
EOF
grep -q 'pid1=systemd' /new/proc/cmdline || exec switch_root /new /run/busybox sh /run/main
cat >/new/etc/systemd/system/main.service <<'EOF'
[Unit]
Wants=containerd.service docker.service
After=containerd.service docker.service
[Service]
Type=oneshot
Environment=HOME=/root
ExecStart=/run/busybox sh /run/main
EOF
exec switch_root /new /lib/systemd/systemd
