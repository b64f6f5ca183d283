package compress

import (
	"io"
	"sync"
)

// Blocks that are read ahead: enough to bridge the writing of a file, small
// enough to stay in the processor's cache.
const (
	blockSize = 256 << 10
	blocks    = 8
)

type block struct {
	data []byte
	err  error
}

// reader hands out what its goroutine has read.
type reader struct {
	src   io.ReadCloser
	full  chan block
	free  chan []byte
	stop  chan struct{}
	done  sync.WaitGroup
	now   block
	spent []byte
	once  sync.Once
}

func ahead(src io.ReadCloser) *reader {
	r := &reader{
		src: src, full: make(chan block, blocks), free: make(chan []byte, blocks),
		stop: make(chan struct{}),
	}
	for range blocks {
		r.free <- make([]byte, blockSize)
	}
	r.done.Go(r.run)
	return r
}

func (r *reader) run() {
	defer close(r.full)
	for {
		select {
		case buf := <-r.free:
			n, err := fill(r.src, buf)
			r.full <- block{buf[:n], err} // never blocks: there are as many places as blocks
			if err != nil {
				return
			}
		case <-r.stop:
			return
		}
	}
}

// fill is io.ReadFull that keeps the reader's own error: an end and a source
// that was cut off are not the same.
func fill(src io.Reader, buf []byte) (n int, err error) {
	for n < len(buf) && err == nil {
		var k int
		k, err = src.Read(buf[n:])
		n += k
	}
	return n, err
}

func (r *reader) Read(p []byte) (int, error) {
	for len(r.now.data) == 0 {
		if r.now.err != nil {
			return 0, r.now.err
		}
		r.next()
	}
	n := copy(p, r.now.data)
	r.now.data = r.now.data[n:]
	return n, nil
}

func (r *reader) next() {
	if r.spent != nil {
		r.free <- r.spent
	}
	b, ok := <-r.full
	if !ok {
		b.err = io.ErrClosedPipe
	}
	r.now, r.spent = b, b.data[:cap(b.data)]
}

// Close ends the reading ahead, and waits for it.
func (r *reader) Close() error {
	var err error
	r.once.Do(func() {
		close(r.stop)
		r.done.Wait()
		err = r.src.Close()
	})
	return err
}
