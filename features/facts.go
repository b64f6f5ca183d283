package features

// Facts are things about the host and this process that are neither good nor bad, for a report.
// Nothing is decided by them.
type Facts struct {
	System        string `json:"system"`         // kernel and release
	Root          bool   `json:"root"`           // the effective user is 0
	NoNewPrivs    bool   `json:"no_new_privs"`   // already set: setuid programs do not work
	Filters       int    `json:"filters"`        // seccomp filters this thread is under; -1: some, number not known
	Container     string `json:"container"`      // what the container calls itself; empty outside
	UserNamespace bool   `json:"user_namespace"` // not the initial one
	LandlockABI   int    `json:"landlock_abi"`   // claimed; 0: none
	Architecture  string `json:"architecture"`   // as Go spells it
}
