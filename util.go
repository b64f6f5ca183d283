package catbox

import "strconv"

func itoa(n int) string { return strconv.Itoa(n) }

// tailBuffer keeps what is written to it, or the last limit bytes if limit is not 0.
type tailBuffer struct {
	data  []byte
	limit int
}

func (b *tailBuffer) Write(p []byte) (int, error) {
	b.data = append(b.data, p...)
	if over := len(b.data) - b.limit; b.limit > 0 && over > 0 {
		b.data = append(b.data[:0], b.data[over:]...)
	}
	return len(p), nil
}
