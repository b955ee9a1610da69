package terminal

// Options describe what a terminal can show. The zero value is 80 columns, UTF-8
// and no colour.
type Options struct {
	Width int  // columns; 0 is 80
	Color bool // ANSI colours (256)
	ASCII bool // no character beyond ASCII
}

func (o Options) width() int {
	if o.Width <= 0 {
		return 80
	}
	return o.Width
}

// pick returns the glyphs that the terminal can show.
func (o Options) pick(unicode, ascii glyphs) glyphs {
	if o.ASCII {
		return ascii
	}
	return unicode
}
