# Starts while the wall clock is stepped: TestFaultClockStep reads the output. The
# boot clock (/proc/uptime) is never stepped.
B=/run/busybox
url=http://127.0.0.1:9786
get() { $B wget -qO- $url$1; }
until_true() {
	tries=0
	until "$@" >/dev/null 2>&1 || [ $((tries += 1)) -gt 300 ]; do $B sleep 0.2; done
}
# start runs a container to its end, and prints both clocks before and after it.
start() {
	echo "== $1 began"
	/bin/date +%s.%N
	cat /proc/uptime
	runc run --bundle "$2" "$1"
	echo "== $1 ended"
	/bin/date +%s.%N
	cat /proc/uptime
}
# bundle makes a bundle in a directory; further changes of its config.json follow.
bundle() {
	mkdir -p "$1/rootfs/bin" "$1/rootfs/proc" "$1/rootfs/dev" "$1/rootfs/sys"
	cp $B "$1/rootfs/bin/true"
	runc spec --bundle "$1"
	$B sed -i -e 's/"terminal": true/"terminal": false/' -e 's/"sh"$/"true"/' "$1/config.json"
}
# reported and counted return whether watch has reported, and serve counted, starts.
reported() { [ "$($B grep -c '^{' /tmp/starts)" -ge "$1" ]; }
counted() { get /metrics | $B grep -q "^container_starts_total{.*} $1\$"; }

mount -t tmpfs tmpfs /tmp
bundle /tmp/plain
bundle /tmp/stepping
$B sed -i '1a "hooks": {"createRuntime": [{"path": "/bin/sh", "args": ["sh", "-c", "cat >/dev/null; /bin/date -s \\"1 hour\\""]}]},' /tmp/stepping/config.json

container_start_exporter serve --web.listen-address=127.0.0.1:9786 >/tmp/serve.log 2>&1 &
container_start_exporter watch --format=json >/tmp/starts 2>/tmp/watch.log &
until_true get /-/ready
until_true $B grep -q attached /tmp/watch.log

start first /tmp/plain
/bin/date -s '1 hour' >/dev/null
start forward /tmp/plain
/bin/date -s '2 hours ago' >/dev/null
start back /tmp/plain
start within /tmp/stepping
until_true reported 4
until_true counted 4
echo "== starts"
cat /tmp/starts
echo "== metrics"
get /metrics
echo "== healthy"
get /-/healthy
echo "== log"
cat /tmp/serve.log /tmp/watch.log
echo "== end"
