package supervisor

import (
	"golang.org/x/sys/unix"

	"github.com/catbox-go/catbox/internal/fakeroot"
)

// nullDevice is the number of /dev/null.
var nullDevice = unix.Mkdev(1, 3)

// harmless are the devices that anybody may have, whoever made them: what is
// opened instead of a noted one (Documentation/admin-guide/devices.txt of the kernel).
var harmless = map[uint64]string{
	nullDevice:       "/dev/null",
	unix.Mkdev(1, 5): "/dev/zero",
	unix.Mkdev(1, 7): "/dev/full",
	unix.Mkdev(1, 8): "/dev/random",
	unix.Mkdev(1, 9): "/dev/urandom",
}

// device tells whether an open file is noted to be a device, and which.
func (o *fakeOpening) device(fd int) (attributes, bool) {
	if o == nil || !o.fake.devices.Load() {
		return attributes{}, false
	}
	a, _, errno := o.fake.attributesOf(fd)
	return a, errno == 0 && a.known && fakeroot.IsDevice(a.mode)
}

// openDevice opens the real device, if it is harmless.
func openDevice(a attributes, flags int) (int, error) {
	path, ok := harmless[a.rdev]
	if !ok || a.mode&unix.S_IFMT != unix.S_IFCHR {
		return -1, unix.ENXIO
	}
	return unix.Open(path, flags, 0)
}
