package start

// The attributes of operations: keys of Operation.Attributes. Values are text;
// what is not known is absent. OperationName says which operation has which.
const (
	AttrPID      = "pid"       // process that is the operation, in the exporter's pid namespace
	AttrExitCode = "exit_code" // of that process as a shell has it: 128 + signal number if it was killed
	AttrError    = "error"     // why a call failed: the message of its errno

	AttrRuntime = "runtime" // name of the OCI runtime: runc, crun, ...
	AttrCommand = "command" // what a program was asked to do: create, ADD, setup, ...
	AttrHook    = "hook"    // name of an OCI hook: the base name of its executable
	AttrKind    = "kind"    // kind of an OCI hook: prestart, createRuntime, ...
	AttrPlugin  = "plugin"  // name of a CNI plugin
	AttrProgram = "program" // name of the program: iptables, ip6tables, ...
	AttrRule    = "rule"    // what a run of iptables changed: flag and chain
	AttrPort    = "port"    // published port: PROTOCOL/ADDRESS:PORT, without an address if on all

	AttrSource = "source" // source of a mount, as it was given
	AttrTarget = "target" // target of a mount, as the host sees it if that is known
	AttrType   = "type"   // file system type of a mount
	AttrCount  = "count"  // how many calls the operation is
	AttrPath   = "path"   // path of a cgroup in its hierarchy
	AttrInode  = "inode"  // inode number of a namespace

	AttrHost       = "host"         // name of a veth's end on the host
	AttrContainer  = "container"    // name of a veth's end in the container
	AttrAddress    = "address"      // address of the container's end: address/prefix
	AttrRTNLWaitNS = "rtnl_wait_ns" // time that the request for a veth waited for the RTNL lock, in nanoseconds
)
