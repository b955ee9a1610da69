package debian

import "testing"

func TestParseMirrors(t *testing.T) {
	const uris = `'http://mirror.example/debian/dists/bookworm/InRelease' mirror.example_debian_dists_bookworm_InRelease 0
'http://mirror.example/debian/dists/bookworm/main/binary-amd64/Packages.xz' mirror.example_debian_dists_bookworm_main_binary-amd64_Packages 0
'https://other.example/a/debian-security/dists/bookworm-security/InRelease' other.example_debian-security_dists_bookworm-security_InRelease 0
'https://third.example/apt/dists/nodistro/InRelease' third.example_apt_dists_nodistro_InRelease 0
`
	want := Mirrors{Debian: "http://mirror.example/debian", Security: "https://other.example/a/debian-security"}
	if got, err := parseMirrors(uris); err != nil || got != want {
		t.Errorf("%+v, %v; want %+v", got, err, want)
	}
	for name, uris := range map[string]string{
		"nothing":     "",
		"no security": "'http://mirror.example/debian/dists/bookworm/InRelease' f 0\n",
		"no Debian":   "'http://mirror.example/ubuntu/dists/noble/InRelease' f 0\n",
	} {
		if m, err := parseMirrors(uris); err == nil {
			t.Errorf("%s: %+v, want an error", name, m)
		}
	}
}

func TestSources(t *testing.T) {
	m := Mirrors{Debian: "http://mirror.example/debian", Security: "http://mirror.example/debian-security"}
	want := "deb http://mirror.example/debian trixie main\ndeb http://mirror.example/debian-security trixie-security main\n"
	if got := m.sources([]string{"trixie", "trixie-security"}); got != want {
		t.Errorf("%q; want %q", got, want)
	}
}
