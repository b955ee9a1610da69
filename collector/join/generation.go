package join

// generations remember when keys were retired: at least the limit latest.
type generations struct {
	recent, older map[Key]int64 // boot time in ns
	limit         int
}

func newGenerations(limit int) generations {
	return generations{recent: make(map[Key]int64), limit: limit}
}

func (g *generations) add(k Key, at int64) {
	if len(g.recent) >= g.limit {
		g.recent, g.older = make(map[Key]int64), g.recent
	}
	g.recent[k] = at
}

// same reports whether two uses of a reusable key (an inode number, an interface's
// name) at two boot times are of the same thing: both lie before its retirement or
// both after it.
func (g *generations) same(k Key, t1, t2 int64) bool {
	if outer, ok := k.within(); ok && !g.same(outer, t1, t2) {
		return false
	}
	retired := g.recent[k]
	if retired == 0 {
		retired = g.older[k]
	}
	return retired == 0 || (t1 <= retired) == (t2 <= retired)
}
