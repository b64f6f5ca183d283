package compress

import (
	"bufio"
	"fmt"
)

// Offsets in an .xz file: the stream header has 12 bytes, then the first
// block's header has its size, flags, optional sizes, and the filters
// (xz-file-format.txt, 3.1).
const (
	xzHeader  = 12
	xzSizes   = 0xc0 // flags: compressed size, uncompressed size are given
	xzLZMA2   = 0x21
	xzMaxDict = 28 // bits of the dictionary size byte that are 64 MiB
)

// checkXZ looks at the dictionary that the first block asks for: the decoder
// takes that much memory on the word of a header. xz -9 has 64 MiB.
func checkXZ(b *bufio.Reader) error {
	head, err := b.Peek(xzHeader + 4)
	if err != nil || head[xzHeader] == 0 || head[xzHeader+1]&xzSizes != 0 {
		return nil // cut off, empty, or sizes in the way: the decoder sees to it
	}
	head, err = b.Peek(xzHeader + 5)
	if err == nil && head[xzHeader+2] == xzLZMA2 && head[xzHeader+4] > xzMaxDict {
		return fmt.Errorf("the header asks for a dictionary of more than 64 MiB, which no xz -9 needs")
	}
	return nil
}
