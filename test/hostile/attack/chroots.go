package main

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

const (
	rateVariable = "ATTACK_RATE"
	// tick is how often a rate is kept.
	tick = 10 * time.Millisecond
)

func init() { roles["chroot"] = failChroots }

// chroots executes a runtime whose calls of chroot fail. Its arguments are the number
// of calls, and how many a second.
func chroots(args []string) (int, error) {
	n, err := strconv.Atoi(args[0])
	if err != nil {
		return 0, err
	}
	if err := os.Setenv(rateVariable, args[1]); err != nil {
		return 0, err
	}
	perRound, err := strconv.Atoi(args[1])
	if err != nil {
		return 0, err
	}
	attacking() // a round lasts a second
	done, err := rounds(n/perRound, 1, func(int) error { return createOrFail("chroot") })
	return done * perRound, err
}

// failChroots calls chroot for a second, at the rate.
func failChroots() error {
	rate, err := strconv.Atoi(os.Getenv(rateVariable))
	if err != nil {
		return err
	}
	// root is the longest path there is (PATH_MAX), to a directory that is not there
	path := strings.Repeat("/chroot", 4095/7)
	next := time.Now()
	for range int(time.Second / tick) {
		for range rate * int(tick) / int(time.Second) {
			if err := unix.Chroot(path); err == nil {
				return fmt.Errorf("chroot does not fail")
			}
		}
		next = next.Add(tick)
		time.Sleep(time.Until(next))
	}
	return nil
}
