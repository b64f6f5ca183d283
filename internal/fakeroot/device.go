package fakeroot

// dev_t as glibc and the kernel's 64-bit interfaces have it (makedev(3),
// bits/sysmacros.h): 32 bits each, of which the low 12 and 20 are where an
// older, 32-bit dev_t had them. Written out here, because the numbers noted are
// Linux's wherever this runs.

// Major is the major number of a device as of stat(2).
func Major(dev uint64) uint32 {
	return uint32(dev>>8&0xfff | dev>>32&0xfffff000)
}

// Minor is the minor number of a device as of stat(2).
func Minor(dev uint64) uint32 {
	return uint32(dev&0xff | dev>>12&0xffffff00)
}

// Mkdev is the device with these numbers.
func Mkdev(major, minor uint32) uint64 {
	ma, mi := uint64(major), uint64(minor)
	return ma&0xfff<<8 | ma&0xfffff000<<32 | mi&0xff | mi&0xffffff00<<12
}
