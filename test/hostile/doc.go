// Package hostile attacks an exporter from unprivileged containers, beside honest
// starts, and checks that it is neither blinded, fooled, fattened nor frozen: each
// honest start has the record that it has without the attack, the metrics answer
// within a second, memory stays bounded, and no forged start is counted as a start
// of the host. It needs root and Docker.
//
// The attacks are the command attack, one file each.
package hostile
