package unpack

import (
	"archive/tar"
	"io"
	"os"
)

// hole is the least run of zeros that is left out of a sparse file: a page, as
// file systems keep it.
const hole = 4096

var zeros [hole]byte

// sparse says whether the archive had the file with holes (GNU formats old and
// 0.0 to 1.0). archive/tar reads them as zeros.
func sparse(hdr *tar.Header) bool {
	if hdr.Typeflag == tar.TypeGNUSparse {
		return true
	}
	_, v0 := hdr.PAXRecords["GNU.sparse.map"]
	_, v1 := hdr.PAXRecords["GNU.sparse.major"]
	return v0 || v1
}

func copySparse(f *os.File, r io.Reader, buf []byte) error {
	var size int64
	for {
		n, err := io.ReadFull(r, buf)
		if werr := writeSparse(f, buf[:n], size); werr != nil {
			return werr
		}
		size += int64(n)
		if err == io.EOF || err == io.ErrUnexpectedEOF {
			return endSparse(f, r, size)
		}
		if err != nil {
			return err
		}
	}
}

// endSparse tells the end of the file from an archive that was cut off, which
// io.ReadFull does not, and gives the file its size.
func endSparse(f *os.File, r io.Reader, size int64) error {
	if _, err := r.Read(make([]byte, 1)); err != io.EOF {
		return io.ErrUnexpectedEOF
	}
	return f.Truncate(size)
}

func writeSparse(f *os.File, data []byte, at int64) error {
	for len(data) > 0 {
		n := min(hole, len(data))
		if string(data[:n]) != string(zeros[:n]) {
			if _, err := f.WriteAt(data[:n], at); err != nil {
				return err
			}
		}
		data, at = data[n:], at+int64(n)
	}
	return nil
}
