package main

import (
	"os"
	"strconv"

	"github.com/catbox-go/catbox/image"
)

// enforcement is what a run does about an isolator of the image.
type enforcement struct {
	kept         bool
	how          string // it is kept, or why it is not
	limit, value string // of --limit
}

// enforcementOf says it for each of package image's isolators.
func enforcementOf(i image.Isolator) enforcement {
	if !i.Enforceable {
		return enforcement{how: i.Why}
	}
	e := enforcements[i.Name]
	if e == nil {
		return enforcement{how: "catbox does not have it"}
	}
	return e(i)
}

var enforcements = map[string]func(image.Isolator) enforcement{
	image.ResourceMemory: func(i image.Isolator) enforcement {
		n := strconv.FormatInt(i.MemoryBytes, 10)
		return enforcement{kept: true, how: "--limit mem=" + n, limit: "mem", value: n}
	},
	image.ResourceCPU: func(image.Isolator) enforcement {
		return enforcement{how: "it is a share of the processors, and catbox limits the time that a command uses: --limit cpu="}
	},
	image.NoNewPrivileges: func(image.Isolator) enforcement {
		return enforcement{kept: true, how: "every run is so"}
	},
	image.CapabilitiesRetain: capabilities,
	image.CapabilitiesRemove: capabilities,
	image.SeccompRetain:      calls,
	image.SeccompRemove:      calls,
	image.OOMScoreAdj: func(image.Isolator) enforcement {
		return enforcement{how: "a run has the caller's"}
	},
	image.CPUShares: func(image.Isolator) enforcement {
		return enforcement{how: "they weigh against other commands, and catbox runs one"}
	},
}

// capabilities are none for an ordinary user, so that whatever is retained is not
// more than was asked for.
func capabilities(image.Isolator) enforcement {
	if os.Geteuid() == 0 {
		return enforcement{how: "root's run keeps those of catbox's own list, for its files only: run it as an ordinary user, who has none"}
	}
	return enforcement{kept: true, how: "a run of an ordinary user has no capability at all"}
}

func calls(i image.Isolator) enforcement {
	if i.Seccomp == nil {
		return enforcement{kept: true, how: i.Why}
	}
	return enforcement{how: "the filter is catbox's own, which refuses what would lead out of the run"}
}
