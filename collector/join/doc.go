// Package join joins what happened to whom it happened for, by keys and never by
// guessing. It is generic over the owner of keys; the collector's owner is a
// container start in progress.
//
// A [Key] is something by which an event and a start can be known to belong
// together: a container's id, a path in a mount namespace, a network namespace,
// an interface, an address. A start comes to own a key when an event shows it; an
// event often happens before its key has an owner. The [Table] holds such an event
// back until then, or until its time to live is over.
//
// # A late join
//
// Docker 20.10 mounts the rootfs 0.3 s before anything names the path of it:
//
//	time   event                          in the table
//	0 ms   dockerd mounts overlay on /m   Wait(mount, Path(1, "/m")): nobody owns it, the mount waits
//	310    runc create --bundle /b        a start begins and owns Container("abc")
//	311    /b/config.json: root is /m     Own(start, Path(1, "/m")): the mount is resolved,
//	                                      and the start begins at 0 ms
//	500    the entrypoint is executed     Release(start): its keys are nobody's again
//
// What is joined may show more keys. A request that moves interface 9 into the
// start's network namespace makes interface 9 the start's, hence the notification
// that says interface 9 is called veth1, hence the request that made veth1.
//
// # Generations
//
// Inode numbers, interface names and addresses are used again within seconds.
// [Table.Retire] records when what a key stood for ended. Two uses of a key are of
// the same thing only if both lie before that moment or both after it.
//
// # Bounds
//
// At most limit waiters wait: the oldest gives way, and is counted in
// [Table.Evicted]. An owner has at most [MaxKeys] keys. At least the limit latest
// retirements are remembered.
package join
