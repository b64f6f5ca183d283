// Package compress reads what may be compressed: gzip, bzip2, xz and zstd are
// told by their first bytes, never by a name. Anything else is taken as it is.
//
// Decompression runs ahead in a goroutine of its own, which Close ends.
package compress

import (
	"bufio"
	"bytes"
	"compress/bzip2"
	"fmt"
	"io"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"github.com/ulikunitz/xz"
)

// maxWindow bounds the memory that a header can make a decoder take. It is what
// zstd --long=27 needs, the most that zstd(1) decodes unasked, and twice the
// dictionary of xz -9.
const maxWindow = 128 << 20

var formats = []struct {
	name  string
	magic []byte
	open  func(*bufio.Reader) (io.ReadCloser, error)
}{
	{"gzip", []byte{0x1f, 0x8b, 8}, openGzip},           // RFC 1952
	{"bzip2", []byte("BZh"), openBzip2},                 // bzip2.c
	{"xz", []byte{0xfd, '7', 'z', 'X', 'Z', 0}, openXZ}, // xz-file-format.txt
	{"zstd", []byte{0x28, 0xb5, 0x2f, 0xfd}, openZstd},  // RFC 8878
	{"zstd", []byte{0x50, 0x2a, 0x4d, 0x18}, openZstd},  // a skippable frame first, as zstd:chunked may have
}

// Name says what begins with head (six bytes are enough): "gzip", "bzip2",
// "xz", "zstd", or "" for none of them.
func Name(head []byte) string {
	for _, f := range formats {
		if bytes.HasPrefix(head, f.magic) {
			return f.name
		}
	}
	return ""
}

// NewReader reads r, decompressed. tee, unless nil, is written what is read, by
// the goroutine that reads ahead, and is complete when the end was read. Close
// does not close r. Errors begin with the name of the compression.
func NewReader(r io.Reader, tee io.Writer) (io.ReadCloser, error) {
	plain, compressed, err := decompressor(r)
	if err != nil {
		return nil, err
	}
	if !compressed && tee == nil {
		return plain, nil // no work to do ahead: it would only be copied
	}
	return ahead(teed(plain, tee)), nil
}

// teed is io.TeeReader that can be closed.
func teed(r io.ReadCloser, tee io.Writer) io.ReadCloser {
	if tee == nil {
		return r
	}
	return struct {
		io.Reader
		io.Closer
	}{io.TeeReader(r, tee), r}
}

func decompressor(r io.Reader) (plain io.ReadCloser, compressed bool, err error) {
	b := bufio.NewReaderSize(r, 256<<10)
	head, err := b.Peek(6)
	if err != nil && err != io.EOF {
		return nil, false, err
	}
	for _, f := range formats {
		if !bytes.HasPrefix(head, f.magic) {
			continue
		}
		d, err := f.open(b)
		if err != nil {
			return nil, true, fmt.Errorf("%s: %w", f.name, err)
		}
		return named{d, f.name}, true, nil
	}
	return io.NopCloser(b), false, nil
}

func openGzip(b *bufio.Reader) (io.ReadCloser, error) { return gzip.NewReader(b) }

func openBzip2(b *bufio.Reader) (io.ReadCloser, error) { return io.NopCloser(bzip2.NewReader(b)), nil }

func openXZ(b *bufio.Reader) (io.ReadCloser, error) {
	if err := checkXZ(b); err != nil {
		return nil, err
	}
	r, err := xz.NewReader(b)
	return io.NopCloser(r), err
}

func openZstd(b *bufio.Reader) (io.ReadCloser, error) {
	d, err := zstd.NewReader(b, zstd.WithDecoderMaxWindow(maxWindow), zstd.WithDecoderConcurrency(2))
	if err != nil {
		return nil, err
	}
	return d.IOReadCloser(), nil
}

// named tells in errors which decompression it was.
type named struct {
	io.ReadCloser
	name string
}

func (n named) Read(p []byte) (int, error) {
	k, err := n.ReadCloser.Read(p)
	if err != nil && err != io.EOF {
		err = fmt.Errorf("%s: %w", n.name, err)
	}
	return k, err
}
