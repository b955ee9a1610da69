package bpf

import "container_start_exporter/collector/event"

// The kinds of what is read: those of records, and two without a record.
const (
	kindLink    = int(probesEventKindEVENT_KINDS)
	kindProcess = kindLink + 1
	kinds       = kindLink + 2
)

// kindNames are the kinds of events, by the kind of record.
var kindNames = [kinds]event.Kind{
	probesEventKindEVENT_FORK:          event.KindFork,
	probesEventKindEVENT_EXEC:          event.KindExec,
	probesEventKindEVENT_EXIT:          event.KindExit,
	probesEventKindEVENT_RENAME:        event.KindRename,
	probesEventKindEVENT_UNSHARE:       event.KindUnshare,
	probesEventKindEVENT_SETNS:         event.KindSetns,
	probesEventKindEVENT_MOUNT:         event.KindMount,
	probesEventKindEVENT_UMOUNT:        event.KindUmount,
	probesEventKindEVENT_PIVOT_ROOT:    event.KindPivotRoot,
	probesEventKindEVENT_CHROOT:        event.KindChroot,
	probesEventKindEVENT_OPEN_TREE:     event.KindOpenTree,
	probesEventKindEVENT_MOVE_MOUNT:    event.KindMoveMount,
	probesEventKindEVENT_FSOPEN:        event.KindFsopen,
	probesEventKindEVENT_FSCONFIG:      event.KindFsconfig,
	probesEventKindEVENT_FSMOUNT:       event.KindFsmount,
	probesEventKindEVENT_MOUNT_SETATTR: event.KindMountSetattr,
	probesEventKindEVENT_CGROUP_MKDIR:  event.KindCgroupMkdir,
	probesEventKindEVENT_CGROUP_ATTACH: event.KindCgroupAttach,
	probesEventKindEVENT_CGROUP_RMDIR:  event.KindCgroupRmdir,
	probesEventKindEVENT_NETLINK:       event.KindNetlink,
	probesEventKindEVENT_LISTEN:        event.KindListen,
	probesEventKindEVENT_VETH_NEWLINK:  event.KindVethNewlink,
	probesEventKindEVENT_VETH_DELLINK:  event.KindVethDellink,
	kindLink:                           event.KindLink,
	kindProcess:                        event.KindProcess,
}

var kindIndexes = func() map[event.Kind]int {
	m := map[event.Kind]int{}
	for i, kind := range kindNames {
		m[kind] = i
	}
	return m
}()

// indexOf returns the index of a kind in kindNames.
func indexOf(k event.Kind) int { return kindIndexes[k] }
