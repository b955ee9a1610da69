#!/bin/sh
# boot.sh WORK ADDRESS CGROUP: makes the namespaces that it is executed in a node with this
# address, and keeps them. What the node writes to directories of the host, it writes below
# WORK. On SIGTERM, which it gets when the tests have died, it ends all processes in the
# cgroup and below it: its containers have no parent that would.
set -eu
work=$1 address=$2 cgroup=$3
end() {
	for hierarchy in /sys/fs/cgroup /sys/fs/cgroup/*; do
		[ -d "$hierarchy$cgroup" ] || continue
		echo $$ >"$hierarchy/cgroup.procs"
		for _ in 1 2 3 4 5; do # one that dies may have a child that is not listed yet
			for pid in $(find "$hierarchy$cgroup" -name cgroup.procs -exec cat {} +); do
				kill -KILL "$pid" || true
			done
			sleep 0.1
		done
		find "$hierarchy$cgroup" -depth -type d -exec rmdir {} \;
	done
	exit 0
}
trap end TERM
mount --make-rprivate /
mount -t tmpfs tmpfs /run
for dir in lib log; do
	mkdir "$work/$dir"
	mount --bind "$work/$dir" "/var/$dir"
done
# kubelet sets these, which are the host's own: files that have its values stand in for them.
while read -r name value; do
	echo "$value" >"$work/$name"
	mount --bind "$work/$name" "/proc/sys/$(echo "$name" | tr . /)"
done <<END
vm.overcommit_memory 1
vm.panic_on_oom 0
kernel.panic 10
kernel.panic_on_oops 1
kernel.keys.root_maxkeys 1000000
kernel.keys.root_maxbytes 25000000
END
# A user namespace may mount proc only where one is that nothing covers.
mkdir /run/proc
mount -t proc proc /run/proc
# The node's address is on an interface that leads nowhere.
ip link set lo up
ip link add node0 type bridge
ip address add "$address/24" dev node0
ip link set node0 up
ip route add default dev node0
echo booted
while :; do
	sleep 3600 &
	wait $!
done
