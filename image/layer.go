package image

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"io"
	"os"

	"github.com/catbox-go/catbox/image/internal/compress"
	"github.com/catbox-go/catbox/image/internal/unpack"
)

// layer is an archive, maybe compressed, that goes over those before it.
type layer struct {
	what   string // for messages
	size   int64  // bytes as stored, for the progress
	open   func() (io.ReadCloser, error)
	stored string // sha256:... of the bytes as stored; "": not known
	diff   string // sha256:... of the uncompressed archive; "": not known
	rules  unpack.Layer
	image  *Image // of which it is; nil: of the image itself
}

func (l layer) unpack(ctx context.Context, tree *unpack.Tree, p *progress) error {
	f, err := l.open()
	if err != nil {
		return err
	}
	defer f.Close()
	stored := newCheck(l.stored)
	raw := io.Reader(&counter{ctx: ctx, r: f, p: p, left: l.size})
	if stored != nil {
		raw = io.TeeReader(raw, stored)
	}
	diff := newCheck(l.diff)
	r, err := compress.NewReader(raw, diff.writer())
	if err != nil {
		return err
	}
	err = tree.Add(ctx, r, l.rules)
	r.Close() // before raw is read on, as it reads ahead
	if err != nil {
		return err
	}
	return l.check(raw, stored, diff)
}

func (l layer) check(raw io.Reader, stored, diff *check) error {
	if _, err := io.Copy(io.Discard, raw); err != nil {
		return err
	}
	if err := stored.verify("stored"); err != nil {
		return err
	}
	return diff.verify("uncompressed")
}

// check counts a digest.
type check struct {
	hash.Hash
	want string
}

func newCheck(want string) *check {
	if want == "" {
		return nil
	}
	return &check{sha256.New(), want}
}

// writer is nil, not a nil *check, if there is nothing to check.
func (c *check) writer() io.Writer {
	if c == nil {
		return nil
	}
	return c
}

func (c *check) verify(what string) error {
	if c == nil {
		return nil
	}
	if got := "sha256:" + hex.EncodeToString(c.Sum(nil)); got != c.want {
		return fmt.Errorf("the %s bytes have the digest %s, not %s as the image says: it is damaged, or was tampered with", what, got, c.want)
	}
	return nil
}

// progress is told of every block that was read.
type progress struct {
	tell        func(done, total int64)
	done, total int64
}

func (p *progress) add(n int) {
	p.done += int64(n)
	if p.tell != nil && n > 0 {
		p.tell(min(p.done, p.total), p.total)
	}
}

// counter reads a layer as stored. It ends with the context.
type counter struct {
	ctx  context.Context
	r    io.Reader
	p    *progress
	left int64
}

func (c *counter) Read(p []byte) (int, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, err
	}
	n, err := c.r.Read(p)
	c.p.add(n)
	return n, err
}

// fileLayer is a layer that is a file of its own.
func fileLayer(path, what string) (layer, error) {
	fi, err := os.Stat(path)
	if err != nil {
		return layer{}, err
	}
	open := func() (io.ReadCloser, error) { return os.Open(path) }
	return layer{what: what, size: fi.Size(), open: open}, nil
}

// hashFile is the digest of a file's content, uncompressed.
func hashFile(ctx context.Context, path string, h hash.Hash) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	r, err := compress.NewReader(&counter{ctx: ctx, r: f, p: &progress{}}, h)
	if err != nil {
		return "", err
	}
	defer r.Close()
	most := int64(unpack.DefaultBytes)
	n, err := io.Copy(io.Discard, io.LimitReader(r, most+1))
	if err == nil && n > most {
		err = &LimitError{Limit: "bytes", Max: most}
	}
	return hex.EncodeToString(h.Sum(nil)), err
}
