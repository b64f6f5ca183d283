package overlay

import "strconv"

// text is a name in a file of the overlay: as in a Go string literal, since a
// name may hold any byte and JSON holds UTF-8 only.
type text string

// MarshalText is the name without what JSON could not hold.
func (t text) MarshalText() ([]byte, error) {
	q := strconv.Quote(string(t))
	return []byte(q[1 : len(q)-1]), nil
}

// UnmarshalText reads what MarshalText wrote.
func (t *text) UnmarshalText(data []byte) error {
	s, err := strconv.Unquote(`"` + string(data) + `"`)
	*t = text(s)
	return err
}

func texts(names []string) []text {
	var list []text
	for _, n := range names {
		list = append(list, text(n))
	}
	return list
}

func plainNames(list []text) []string {
	var names []string
	for _, t := range list {
		names = append(names, string(t))
	}
	return names
}
