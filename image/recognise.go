package image

import (
	"archive/tar"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/catbox-go/catbox/image/internal/appc"
	"github.com/catbox-go/catbox/image/internal/blob"
	"github.com/catbox-go/catbox/image/internal/compress"
	"github.com/catbox-go/catbox/image/internal/unpack"
	"github.com/catbox-go/catbox/internal/lazyregexp"
)

// openDir tells directories apart by the file that describes them.
func (img *Image) openDir(o Options) error {
	has := func(name string) bool {
		_, err := os.Lstat(filepath.Join(img.Path, name))
		return err == nil
	}
	switch {
	case has("oci-layout"):
		return img.openLayoutDir(o)
	case has("config.json"):
		return img.openBundle()
	case has("manifest") && has("rootfs"):
		return img.openUnpackedACI(o)
	}
	img.Format, img.Dir = Directory, img.Path
	return nil
}

func (img *Image) openFile(o Options) error {
	kind, manifest, err := recognise(img.Path)
	if err != nil {
		return err
	}
	switch kind {
	case AppContainer:
		return img.openACI(manifest, o)
	case Tarball:
		return img.openTarball()
	}
	return img.openArchive(o)
}

// openTarball takes a tar of a root filesystem. It says nothing of a command.
func (img *Image) openTarball() error {
	l, err := fileLayer(img.Path, "archive")
	if err != nil {
		return err
	}
	img.Format, img.layers = Tarball, []layer{l}
	img.hasher = func(ctx context.Context) (string, error) {
		d, err := hashFile(ctx, img.Path, sha256.New())
		return "sha256:" + d, err
	}
	return nil
}

// recognise reads as much of an archive as tells what it is. For an App
// Container image it returns the manifest.
func recognise(file string) (Format, *appc.Manifest, error) {
	f, err := os.Open(file)
	if err != nil {
		return "", nil, bare(err)
	}
	defer f.Close()
	r, err := headers(f)
	if err != nil {
		return "", nil, err
	}
	defer r.Close()
	return scan(tar.NewReader(&bounded{r: r}))
}

// headers reads an archive. An uncompressed one stays a file, in which
// archive/tar seeks over the data.
func headers(f *os.File) (io.ReadCloser, error) {
	head := make([]byte, 6)
	n, err := io.ReadFull(f, head)
	if err != nil && err != io.ErrUnexpectedEOF && err != io.EOF {
		return nil, err
	}
	if n == 0 {
		return nil, errors.New("the file is empty")
	}
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return nil, err
	}
	if compress.Name(head[:n]) == "" {
		return f, nil
	}
	return compress.NewReader(f, nil)
}

// bounded ends the search in an archive that has no end. It passes on Seek, for
// archive/tar, where there is one.
type bounded struct {
	r    io.Reader
	read int64
}

func (b *bounded) Read(p []byte) (int, error) {
	n, err := b.r.Read(p)
	if b.read += int64(n); b.read > unpack.DefaultBytes {
		return 0, &LimitError{Limit: "bytes", Max: unpack.DefaultBytes}
	}
	return n, err
}

func (b *bounded) Seek(offset int64, whence int) (int64, error) {
	if s, ok := b.r.(io.Seeker); ok {
		return s.Seek(offset, whence)
	}
	return 0, errors.ErrUnsupported // archive/tar reads on then
}

// parts are the names at the top of layouts and of docker's archives. Before
// version 25 docker had a directory for each layer, called by 64 digits.
var parts = lazyregexp.New(`^(oci-layout|index\.json|manifest\.json|repositories|blobs|[0-9a-f]{64}(\.(json|tar|tar\.gz))?)$`)

func scan(r *tar.Reader) (Format, *appc.Manifest, error) {
	rootfs := false
	for first := true; ; first = false {
		hdr, err := r.Next()
		if err == io.EOF && rootfs {
			return "", nil, errors.New("the archive has rootfs/ and no manifest: an App Container image has both")
		}
		if err == io.EOF {
			return "", nil, errors.New("the archive has no files")
		}
		if err != nil {
			return "", nil, unreadable(first, err)
		}
		name := path.Clean(hdr.Name)
		top, _, _ := strings.Cut(name, "/")
		switch {
		case name == "." || hdr.Typeflag == tar.TypeXGlobalHeader:
		case name == "manifest" && hdr.Typeflag == tar.TypeReg:
			m, err := readManifest(r, hdr)
			return AppContainer, m, err
		case top == "rootfs":
			rootfs = true
		case rootfs:
			return "", nil, fmt.Errorf("the archive has rootfs/ and also %q: an App Container image has only manifest and rootfs", hdr.Name)
		case parts.MatchString(top):
			return DockerArchive, nil, nil
		default:
			return Tarball, nil, nil
		}
	}
}

func readManifest(r io.Reader, hdr *tar.Header) (*appc.Manifest, error) {
	if hdr.Size > appc.MaxSize {
		return nil, fmt.Errorf("manifest: %d bytes: more than %d is no image manifest", hdr.Size, appc.MaxSize)
	}
	return appc.Read(r)
}

func unreadable(first bool, err error) error {
	if first && errors.Is(err, tar.ErrHeader) {
		return errors.New("not an image: neither a tar archive (plain, gzip, bzip2, xz or zstd) nor a directory")
	}
	return fmt.Errorf("read archive: %w", err)
}

// openArchive takes a tar of a layout or of docker's.
func (img *Image) openArchive(o Options) error {
	f, err := uncompressed(img.Path)
	if err != nil {
		return err
	}
	src, err := blob.Tar(f)
	if err != nil {
		return err
	}
	img.closer = append(img.closer, src)
	if _, _, err := src.Open("index.json"); err == nil {
		return img.openLayout(src, o)
	}
	return img.openDocker(src, o)
}

// uncompressed opens an archive in which one can seek. One that is compressed
// goes to a temporary file, which has no name any more.
func uncompressed(file string) (*os.File, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, bare(err)
	}
	r, err := headers(f)
	if err != nil || r == io.ReadCloser(f) {
		return f, err
	}
	defer f.Close()
	defer r.Close()
	tmp, err := os.CreateTemp("", "catbox-image-")
	if err != nil {
		return nil, err
	}
	os.Remove(tmp.Name())
	if _, err := io.Copy(tmp, &bounded{r: r}); err != nil {
		tmp.Close()
		return nil, err
	}
	return tmp, nil
}
