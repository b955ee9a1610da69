package main

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/alecthomas/kingpin/v2"
	"github.com/alecthomas/units"

	"container_start_exporter/collector/argv"
)

// value is the value of a flag. Unlike those of kingpin its errors name the flag.
type value[T any] struct {
	flag  string
	to    *T
	parse func(string) (T, error)
}

// valueError is a value that a flag does not accept.
type valueError struct {
	flag, value string
	err         error
}

func (e *valueError) Error() string { return fmt.Sprintf("--%s=%s: %v", e.flag, e.value, e.err) }

func (v value[T]) Set(text string) error {
	parsed, err := v.parse(text)
	if err != nil {
		return &valueError{v.flag, text, err}
	}
	*v.to = parsed
	return nil
}

func (v value[T]) String() string { return fmt.Sprint(*v.to) }

// addFlag adds a flag that sets to.
func addFlag[T any](cmd *kingpin.CmdClause, name, byDefault string, to *T, parse func(string) (T, error), help string) {
	cmd.Flag(name, help).Default(byDefault).SetValue(value[T]{name, to, parse})
}

// listValue is the value of a flag that may be repeated.
type listValue[T any] struct {
	flag  string
	to    *[]T
	parse func(string) (T, error)
}

func (v listValue[T]) Set(text string) error {
	if len(*v.to) == maxList {
		return &valueError{v.flag, text, fmt.Errorf("may be given at most %d times", maxList)}
	}
	parsed, err := v.parse(text)
	if err != nil {
		return &valueError{v.flag, text, err}
	}
	*v.to = append(*v.to, parsed)
	return nil
}

func (v listValue[T]) String() string { return fmt.Sprint(*v.to) }

// IsCumulative shows kingpin that the flag may be repeated.
func (v listValue[T]) IsCumulative() bool { return true }

// maxList is how often a flag may be repeated: there is room for so many names in the
// programs.
const maxList = 64

// addListFlag adds a flag that may be repeated. Each value is appended to what to points to.
func addListFlag[T any](cmd *kingpin.CmdClause, name string, to *[]T, parse func(string) (T, error), help string) {
	cmd.Flag(name, help).PlaceHolder("NAME").SetValue(listValue[T]{name, to, parse})
}

// parseName accepts the name of an executable.
func parseName(text string) (string, error) {
	if !argv.IsPlainName(text) {
		return "", errors.New(argv.PlainNameRule)
	}
	return text, nil
}

// oneOf returns a function that accepts these values.
func oneOf(values ...string) func(string) (string, error) {
	return func(text string) (string, error) {
		if !slices.Contains(values, text) {
			return "", fmt.Errorf("must be one of %s", strings.Join(values, ", "))
		}
		return text, nil
	}
}

// The bounds of --buffer-size, in bytes. The longest record is shorter than the
// lower one.
const (
	minBufferSize = 64 << 10
	maxBufferSize = 1 << 30
)

func parseBufferSize(text string) (int, error) {
	size, err := units.ParseBase2Bytes(text)
	switch {
	case err != nil && isNumber(text):
		return 0, errors.New("give a unit, for example 4MiB")
	case err != nil:
		return 0, errors.New("must be a size, for example 4MiB")
	case size < minBufferSize || size > maxBufferSize || size&(size-1) != 0:
		return 0, errors.New("must be a power of two from 64KiB to 1GiB")
	}
	return int(size), nil
}

func parseStartTimeout(text string) (time.Duration, error) {
	d, err := parseDuration(text)
	if err == nil && d <= 0 {
		err = errors.New("must be more than 0")
	}
	return d, err
}

func parseReadyTimeout(text string) (time.Duration, error) {
	d, err := parseDuration(text)
	if err == nil && d < 0 {
		err = errors.New("must not be less than 0")
	}
	return d, err
}

func parseDuration(text string) (time.Duration, error) {
	d, err := time.ParseDuration(text)
	switch {
	case err != nil && isNumber(text):
		return 0, errors.New("give a unit, for example 90s")
	case err != nil:
		return 0, errors.New("must be a duration, for example 90s")
	}
	return d, nil
}

func isNumber(text string) bool {
	_, err := strconv.ParseFloat(text, 64)
	return err == nil
}
