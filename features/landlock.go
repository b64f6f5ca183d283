package features

import "syscall"

var landlockHints = []hint{
	{cause: syscall.EOPNOTSUPP, say: "Landlock is built in but not enabled: add landlock to lsm= on the kernel's command line"},
	{cause: syscall.ENOSYS, say: "needs Linux 5.13 with CONFIG_SECURITY_LANDLOCK, and a seccomp filter that lets landlock_create_ruleset pass"},
	{cause: syscall.EINVAL, say: "this kernel's Landlock does not have it: use a newer kernel"},
	{cause: syscall.E2BIG, say: "too many Landlock domains are nested (16): start catbox from fewer of them; or this kernel's Landlock is too old"},
}

func landlockFeature(name, purpose string, probe func() error) Feature {
	return Feature{Name: name, Purpose: purpose, probe: probe, hints: landlockHints}
}

// LandlockABI returns the version of Landlock that the kernel claims. The claim is not enough: RHEL 9 claims 6 without
// signal scopes. The probes below do the act.
func LandlockABI() (int, error) { return landlockABI() }

var landlock = landlockFeature("landlock", "deny opening files for reading or writing (ABI 1)", probeLandlock)

// Landlock allows a file to be read, and finds that it cannot be opened for writing.
func Landlock() error { return landlock.Probe() }

var landlockRefer = landlockFeature("landlock refer", "rename and link between directories (ABI 2); without it both always fail", probeLandlockRefer)

// LandlockRefer links a file into another directory where that is allowed, and finds it denied where it is not.
func LandlockRefer() error { return landlockRefer.Probe() }

var landlockTruncate = landlockFeature("landlock truncate", "deny truncate (ABI 3); without it files outside can be emptied", probeLandlockTruncate)

// LandlockTruncate finds truncate denied.
func LandlockTruncate() error { return landlockTruncate.Probe() }

var landlockBindTCP = landlockFeature("landlock bind tcp", "deny TCP ports to servers (ABI 4)", probeLandlockBindTCP)

// LandlockBindTCP finds bind of a TCP socket denied.
func LandlockBindTCP() error { return landlockBindTCP.Probe() }

var landlockConnectTCP = landlockFeature("landlock connect tcp", "deny TCP connections by port (ABI 4)", probeLandlockConnectTCP)

// LandlockConnectTCP finds connect of a TCP socket denied.
func LandlockConnectTCP() error { return landlockConnectTCP.Probe() }

var landlockIoctlDev = landlockFeature("landlock ioctl dev", "deny ioctl on devices (ABI 5)", probeLandlockIoctlDev)

// LandlockIoctlDev finds ioctl on a device denied.
func LandlockIoctlDev() error { return landlockIoctlDev.Probe() }

var landlockScopeSignal = landlockFeature("landlock scope signal", "no signals to processes outside (ABI 6)", probeLandlockScopeSignal)

// LandlockScopeSignal finds that a process in a scope cannot signal its parent outside.
func LandlockScopeSignal() error { return landlockScopeSignal.Probe() }

var landlockScopeUnix = landlockFeature("landlock scope abstract unix socket", "no abstract unix sockets of processes outside (ABI 6)", probeLandlockScopeUnix)

// LandlockScopeUnix finds that an abstract unix socket made outside cannot be connected to.
func LandlockScopeUnix() error { return landlockScopeUnix.Probe() }
