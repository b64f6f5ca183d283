package features

import (
	"errors"
	"fmt"
	"slices"

	"golang.org/x/sys/unix"
)

// passing are the causes that say nothing about the feature: something was short, or in the way just now.
// ENOSPC and EUSERS are limits on namespaces that other processes may have used up (clone(2)).
var passing = []error{
	unix.EAGAIN, unix.ENOMEM, unix.EMFILE, unix.ENFILE, unix.EINTR, unix.EIO, unix.ETIMEDOUT, unix.ENOBUFS,
	unix.ENOSPC, unix.EUSERS, unix.EDQUOT,
}

// verdict names the step of the feature's own act that failed, and decides whether that is a conclusive no.
// Failures of what merely prepares the act must not come here.
func verdict(step string, err error) error {
	if err == nil {
		return nil
	}
	named := fmt.Errorf("%s: %w", step, err)
	if passes(err) {
		return named
	}
	return refusal{named}
}

func passes(err error) bool {
	return slices.ContainsFunc(passing, func(p error) bool { return errors.Is(err, p) })
}

// ours tells whether the kernel has just made a descriptor, rather than a filter said so in the kernel's place: such a
// "success" is 0, which is somebody's standard input. What the kernel makes here is close-on-exec from the start, and
// what came through an exec is not.
func ours(fd int) bool {
	flags, err := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0)
	return err == nil && flags&unix.FD_CLOEXEC != 0
}

// noEffect is a conclusive no: the host accepted, and the act that it should have denied went another way.
func noEffect(step string, err error) error {
	if err == nil {
		return refuse(step + ": accepted, but without effect")
	}
	named := fmt.Errorf("%s: accepted, but without effect: %w", step, err)
	if passes(err) {
		return named
	}
	return refusal{named}
}
