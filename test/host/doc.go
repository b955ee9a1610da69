// Package host has what the tests share that run the exporter on this host, most
// of them as root and beside real engines: the conditions for a test to run, the
// processes that it starts, the programs that it builds, and the containers that
// it makes. Its functions fail the test, so that a caller checks no errors.
//
// It knows nothing of the exporter but its command line and its HTTP paths.
package host
