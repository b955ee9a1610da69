package collector

// recentExits are the processes that have exited last. What two processors report within
// microseconds may be delivered in any order: a mount that names a process, after the exit
// of that process.
type recentExits struct {
	list [64]recentExit
	next int
}

type recentExit struct {
	pid   int
	netns uint32 // that it was in
	at    int64
}

func (r *recentExits) add(p *process, at int64) {
	r.list[r.next] = recentExit{p.pid, p.ns.Net, at}
	r.next = (r.next + 1) % len(r.list)
}

// netnsOf returns the network namespace of the process that had a pid at a time and has
// exited since; 0 if none of these had it.
func (r *recentExits) netnsOf(pid int, at int64) uint32 {
	for _, e := range r.list {
		if e.pid == pid && e.at >= at {
			return e.netns
		}
	}
	return 0
}
