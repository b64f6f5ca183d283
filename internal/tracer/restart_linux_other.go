//go:build linux && !amd64

package tracer

// spare cannot be done elsewhere: the kernel has decided by then.
func (t *Tracer) spare(int) {}
