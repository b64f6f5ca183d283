//go:build !linux

package features

import (
	"errors"
	"runtime"
)

func onlyLinux() error { return refusal{errors.New("not on " + runtime.GOOS)} }

var (
	probeUserNamespaces, probeMountNamespaces, probePIDNamespaces, probeIPCNamespaces  = onlyLinux, onlyLinux, onlyLinux, onlyLinux
	probeUTSNamespaces, probeNetNamespaces, probeCgroupNamespaces, probeAllNamespaces  = onlyLinux, onlyLinux, onlyLinux, onlyLinux
	probeTmpfs, probeReadOnlyMounts, probeOverlay, probeFreshProc                      = onlyLinux, onlyLinux, onlyLinux, onlyLinux
	probeFUSEOverlay                                                                   = onlyLinux
	probeLoopback, probeLandlock, probeLandlockRefer, probeLandlockTruncate            = onlyLinux, onlyLinux, onlyLinux, onlyLinux
	probeLandlockBindTCP, probeLandlockConnectTCP, probeLandlockIoctlDev               = onlyLinux, onlyLinux, onlyLinux
	probeLandlockScopeSignal, probeLandlockScopeUnix, probeSeccompFilter, probeNotify  = onlyLinux, onlyLinux, onlyLinux, onlyLinux
	probeAddFD, probeAddFDSend, probeWaitKillable, probeSyncWakeUp, probe386           = onlyLinux, onlyLinux, onlyLinux, onlyLinux, onlyLinux
	probePidfdOpen, probePidfdGetfd, probeProcessVMReadv, probeOpenat2, probeFchmodat2 = onlyLinux, onlyLinux, onlyLinux, onlyLinux, onlyLinux
	probeCloseRange, probeCgroupMemory, probeCgroupPids, probeNewuidmap, probePtrace   = onlyLinux, onlyLinux, onlyLinux, onlyLinux, onlyLinux
)

func landlockABI() (int, error) { return 0, onlyLinux() }

func container() string { return "" }

// RunChild has nothing to run on this system. It returns 125.
func RunChild([]string) int { return 125 }

// ReadFacts returns what is known about this process.
func ReadFacts() Facts {
	return Facts{System: runtime.GOOS, Architecture: runtime.GOARCH}
}
