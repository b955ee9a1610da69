package e2e

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// secrets are the secrets that a test has planted, by the place where it did.
type secrets struct{ planted []planted }

type planted struct {
	place string
	kind  secretKind
}

// secretKind is which outputs may show a secret.
type secretKind int

const (
	recorded secretKind = iota // events do: it is in a command line that is executed, or the data of a mount
	perhaps                    // events may: if it comes to that, or if they show the engine's client
	private                    // not even events do
	source                     // events, JSON and spans do, which have the paths of mounts
)

// secretPrefix begins every secret: an output that cuts a secret still shows this.
const secretPrefix = "s3cr3t"

func secret(i int) string { return fmt.Sprintf("%s%03d", secretPrefix, i) }

// plant returns a new secret for a place.
func (s *secrets) plant(kind secretKind, place string) string {
	s.planted = append(s.planted, planted{place, kind})
	return secret(len(s.planted) - 1)
}

// variable returns an environment variable with a secret value.
func (s *secrets) variable(place string) string {
	return "TOKEN=" + s.plant(private, "environment of "+place)
}

// checkAbsent checks that an output shows no secret that it may not show.
func (s *secrets) checkAbsent(t *testing.T, output, text string, allowed ...secretKind) {
	t.Helper()
	for i, p := range s.planted {
		if !strings.Contains(text, secret(i)) {
			continue
		}
		if !slices.Contains(allowed, p.kind) {
			t.Errorf("%s shows the secret in %s: %s", output, p.place, around(text, secret(i)))
		}
		text = strings.ReplaceAll(text, secret(i), "")
	}
	if strings.Contains(text, secretPrefix) {
		t.Errorf("%s shows a part of a secret: %s", output, around(text, secretPrefix))
	}
}

// checkEvents checks which secrets a recording of events shows. That others are in
// it proves that they passed by the exporter.
func (s *secrets) checkEvents(t *testing.T, events string) {
	t.Helper()
	for i, p := range s.planted {
		shown := strings.Contains(events, secret(i))
		if p.kind == recorded && !shown {
			t.Errorf("events do not show the secret in %s: it has not passed by", p.place)
		}
		if p.kind == private && shown {
			t.Errorf("events show the secret in %s: %s", p.place, around(events, secret(i)))
		}
	}
}

// around returns the first place of a text at which it has a word.
func around(text, word string) string {
	i := strings.Index(text, word)
	return fmt.Sprintf("...%q...", text[max(0, i-150):min(len(text), i+len(word)+30)])
}
