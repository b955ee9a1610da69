# What processes that the exporter does not watch make, while it serves by each
# mechanism: TestUnwatched reads the output. The three exporters run at the same
# time, as an event without a start is counted only after 30 seconds.
B=/run/busybox
mechanisms="fentry kprobe tracepoint"
url() {
	case $1 in
	fentry) echo http://127.0.0.1:9701 ;;
	kprobe) echo http://127.0.0.1:9702 ;;
	tracepoint) echo http://127.0.0.1:9703 ;;
	esac
}
get() { $B wget -qO- "$(url "$1")$2"; }
running() { [ -d "/proc/$(cat "/tmp/$1.pid")" ]; }
until_true() {
	tries=0
	until "$@" >/dev/null 2>&1 || [ $((tries += 1)) -gt 150 ]; do $B sleep 1; done
}
ready() { get "$1" /-/ready || ! running "$1"; }
# counted returns whether the pair is counted and no event waits for a start, or
# the exporter has ended.
counted() {
	running "$1" || return 0
	get "$1" /metrics >/tmp/metrics
	$B grep -q '^container_start_veths_created_total{origin="other"} [1-9]' /tmp/metrics &&
		$B grep -q '^container_start_exporter_events_waiting 0$' /tmp/metrics
}

echo "== types of veth"
ls /sys/kernel/btf/veth
for mechanism in $mechanisms; do
	address=$(url $mechanism)
	container_start_exporter --probe.mechanism=$mechanism serve --web.listen-address="${address#http://}" >/tmp/$mechanism.log 2>&1 &
	echo $! >/tmp/$mechanism.pid
	until_true ready $mechanism
	echo "== $mechanism before"
	get $mechanism /metrics
done

echo "== made"
$B ip link add name cse0 type veth
opentree

for mechanism in $mechanisms; do
	until_true counted $mechanism
	echo "== $mechanism after"
	get $mechanism /metrics
	echo "== $mechanism healthy"
	get $mechanism /-/healthy
	echo "== $mechanism log"
	cat /tmp/$mechanism.log
done
echo "== end"
