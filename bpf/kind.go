package bpf

import "container_start_exporter/collector"

// The kinds of what is read: those of records, and two without a record.
const (
	kindLink    = int(probesEventKindEVENT_KINDS)
	kindProcess = kindLink + 1
	kinds       = kindLink + 2
)

// kindNames are the kinds of events, by the kind of record.
var kindNames = [kinds]collector.Kind{
	probesEventKindEVENT_FORK:          collector.KindFork,
	probesEventKindEVENT_EXEC:          collector.KindExec,
	probesEventKindEVENT_EXIT:          collector.KindExit,
	probesEventKindEVENT_RENAME:        collector.KindRename,
	probesEventKindEVENT_UNSHARE:       collector.KindUnshare,
	probesEventKindEVENT_SETNS:         collector.KindSetns,
	probesEventKindEVENT_MOUNT:         collector.KindMount,
	probesEventKindEVENT_UMOUNT:        collector.KindUmount,
	probesEventKindEVENT_PIVOT_ROOT:    collector.KindPivotRoot,
	probesEventKindEVENT_CHROOT:        collector.KindChroot,
	probesEventKindEVENT_OPEN_TREE:     collector.KindOpenTree,
	probesEventKindEVENT_MOVE_MOUNT:    collector.KindMoveMount,
	probesEventKindEVENT_FSOPEN:        collector.KindFsopen,
	probesEventKindEVENT_FSCONFIG:      collector.KindFsconfig,
	probesEventKindEVENT_FSMOUNT:       collector.KindFsmount,
	probesEventKindEVENT_MOUNT_SETATTR: collector.KindMountSetattr,
	probesEventKindEVENT_CGROUP_MKDIR:  collector.KindCgroupMkdir,
	probesEventKindEVENT_CGROUP_ATTACH: collector.KindCgroupAttach,
	probesEventKindEVENT_CGROUP_RMDIR:  collector.KindCgroupRmdir,
	probesEventKindEVENT_NETLINK:       collector.KindNetlink,
	probesEventKindEVENT_LISTEN:        collector.KindListen,
	probesEventKindEVENT_VETH_NEWLINK:  collector.KindVethNewlink,
	probesEventKindEVENT_VETH_DELLINK:  collector.KindVethDellink,
	kindLink:                           collector.KindLink,
	kindProcess:                        collector.KindProcess,
}

var kindIndexes = func() map[collector.Kind]int {
	m := map[collector.Kind]int{}
	for i, kind := range kindNames {
		m[kind] = i
	}
	return m
}()

// indexOf returns the index of a kind in kindNames.
func indexOf(k collector.Kind) int { return kindIndexes[k] }
