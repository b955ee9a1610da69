package hostile

import (
	"os"
	"testing"

	"container_start_exporter/test/host"
)

func TestMain(m *testing.M) { os.Exit(host.Main(m, host.StopDocker)) }
