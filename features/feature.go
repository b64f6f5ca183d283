package features

import "errors"

// A Feature is something that the host may or may not allow. Features come from [All].
type Feature struct {
	Name    string // in the words of the manual pages; stable
	Purpose string // what catbox needs it for
	probe   func() error
	hints   []hint
	more    []hint // after these, shared with other features
	limit   string // the kernel setting that limits the number of them, "" if none does
}

// All returns every feature, those that a confined run needs first.
func All() []Feature {
	return []Feature{
		userNamespaces, mountNamespaces, pidNamespaces, ipcNamespaces, utsNamespaces, netNamespaces, cgroupNamespaces,
		tmpfs, readOnlyMounts, overlay, fuseOverlay, freshProc, loopback,
		landlock, landlockRefer, landlockTruncate, landlockBindTCP, landlockConnectTCP, landlockIoctlDev,
		landlockScopeSignal, landlockScopeUnix,
		seccompFilter, notify, addFD, addFDSend, waitKillable, syncWakeUp, calls386,
		pidfdOpen, pidfdGetfd, processVMReadv, ptraceSeize, openat2, fchmodat2, closeRange,
		cgroupMemory, cgroupPids, newuidmap,
	}
}

// Probe tries the feature. The package comment says what the error means.
func (f Feature) Probe() error {
	if err := remember(f.Name, f.probe); err != nil {
		return &Error{Feature: f.Name, Err: err}
	}
	return nil
}

// Hint says what a person could do about an error of Probe; it is empty when err is nil or nothing can be done.
func (f Feature) Hint(err error) string {
	if err == nil {
		return ""
	}
	for _, list := range [][]hint{f.hints, limitHints(f.limit), f.more, generalHints} {
		for _, h := range list {
			if h.applies(err) {
				return h.say
			}
		}
	}
	return ""
}

// An Error says which feature does not work, or could not be probed, and why.
type Error struct {
	Feature string
	Err     error
}

func (e *Error) Error() string { return e.Feature + ": " + e.Err.Error() }
func (e *Error) Unwrap() error { return e.Err }

// A refusal is a conclusive no. It keeps its cause.
type refusal struct{ error }

func (r refusal) Unwrap() error        { return r.error }
func (r refusal) Is(target error) bool { return target == errors.ErrUnsupported }

// refuse is a conclusive no that no system call returned: the host said yes, and then did not do it.
func refuse(why string) error { return refusal{errors.New(why)} }
