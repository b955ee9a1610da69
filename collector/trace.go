package collector

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"strings"
)

// traceIDs returns the ids of a start's trace and of its root span, derived from
// what is the same for every exporter on the host.
func traceIDs(id string, pid int, startTime int64) (trace, span string) {
	b := binary.LittleEndian.AppendUint64([]byte(id), uint64(pid))
	sum := sha256.Sum256(binary.LittleEndian.AppendUint64(b, uint64(startTime)))
	return hex.EncodeToString(sum[:16]), hex.EncodeToString(sum[16:24])
}

// traceOf returns the trace id in a W3C traceparent, `00-TRACE-SPAN-FLAGS` (W3C
// Trace Context, section 3.2): 32 and 16 lower-case hexadecimal digits, neither
// all zero.
func traceOf(traceParent string) (string, bool) {
	parts := strings.Split(traceParent, "-")
	if len(parts) != 4 || parts[0] != "00" || !isID(parts[1], 32) || !isID(parts[2], 16) || len(parts[3]) != 2 {
		return "", false
	}
	return parts[1], true
}

func isID(s string, digits int) bool {
	return len(s) == digits && strings.Trim(s, "0123456789abcdef") == "" && strings.Trim(s, "0") != ""
}

// traceParent returns the last trace context in an environment, "" if it is not a
// valid one.
func traceParent(env []string) string {
	value := ""
	for _, v := range env {
		if context, ok := strings.CutPrefix(v, "TRACEPARENT="); ok {
			value = context
		}
	}
	if _, ok := traceOf(value); !ok {
		return ""
	}
	return value
}
