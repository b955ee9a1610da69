package bpf

import (
	"bytes"
	"encoding/binary"
	"slices"
)

// envNames are the variables that identify a start. No other leaves this
// package: environments hold secrets. Each has at least seven characters. The programs
// recognise a CNI plugin by the first.
var envNames = []string{
	"CNI_COMMAND", "CNI_CONTAINERID", "CNI_NETNS", "CNI_IFNAME", "CNI_ARGS",
	"TRACEPARENT", "TRACESTATE", "BAGGAGE",
	"_LIBCONTAINER_INITTYPE", "OTEL_SERVICE_NAME",
}

// wantedVariables returns what the programs recognise the variables by: the first
// eight characters of each, with the '='. They record all that begin like one.
func wantedVariables() (wanted [wantedMax]uint64) {
	for i, name := range envNames {
		wanted[i] = binary.LittleEndian.Uint64([]byte(name + "="))
	}
	return wanted
}

// wantedMax is how many the programs can look for: WANTED_VARIABLES in
// c/environment.h.
const wantedMax = 16

// identifyingVariables returns those variables of an environment that identify a
// start.
func identifyingVariables(env []byte) []string {
	var list []string
	for len(env) > 0 {
		one, more, _ := bytes.Cut(env, []byte{0})
		if name, _, found := bytes.Cut(one, []byte{'='}); found && slices.Contains(envNames, string(name)) {
			list = append(list, text(one))
		}
		env = more
	}
	return list
}
