# What the exporter can do as a user with two capabilities: TestTwoCapabilities
# reads the output. At first CAP_PERFMON is enough for perf events; later
# perf_event_paranoid has Debian's default, and only CAP_SYS_ADMIN is.
B=/run/busybox
url=http://127.0.0.1:9786
as() {
	set=-all
	for capability in $1; do set=$set,+$capability; done
	shift
	exec /usr/bin/setpriv --reuid 65532 --regid 65532 --clear-groups --no-new-privs \
		--bounding-set $set --inh-caps $set --ambient-caps $set "$@"
}
state() {
	echo "== $1"
	$B wget -qO- $url/-/ready
	$B grep CapEff /proc/$pid/status
}
until_true() {
	tries=0
	until "$@" >/dev/null 2>&1 || [ $((tries += 1)) -gt 300 ]; do $B sleep 0.2; done
}
dropped() { $B grep -q 'CapEff:.*0000000000000000' /proc/$pid/status; }

ulimit -l unlimited # before Linux 5.11
default=$(cat /proc/sys/kernel/perf_event_paranoid)
echo 2 >/proc/sys/kernel/perf_event_paranoid
echo "== root"
container_start_exporter check
(as "bpf perfmon" /usr/local/bin/container_start_exporter serve 2>/dev/null) &
pid=$!
until_true $B wget -qO- $url/-/ready
state waits
$B insmod /modules/veth.ko
until_true dropped
state loaded
kill $pid
wait $pid

echo "$default" >/proc/sys/kernel/perf_event_paranoid
echo "== refused"
(as "bpf perfmon" /usr/local/bin/container_start_exporter --probe.mechanism=kprobe check)
echo "== allowed"
(as "bpf perfmon sys_admin" /usr/local/bin/container_start_exporter --probe.mechanism=kprobe check)
echo "== locked"
ulimit -l 64
(as "bpf perfmon" /usr/local/bin/container_start_exporter events) 2>&1 &
$B sleep 5
kill $!
wait
echo "== end"
