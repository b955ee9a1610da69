#!/bin/sh
# boot.sh WORK ADDRESS: makes the namespaces that it is executed in a node with this address,
# and keeps them. What the node writes to directories of the host, it writes below WORK.
set -eu
work=$1 address=$2
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
exec sleep infinity
