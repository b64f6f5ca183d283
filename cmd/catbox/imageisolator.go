package main

import (
	"fmt"
	"os"
	"strconv"
	"strings"

	"github.com/catbox-go/catbox/image"
)

// enforcement is what a run does about an isolator of the image.
type enforcement struct {
	kept         bool
	how          string         // it is kept, or why it is not
	limit, value string         // of --limit
	as           func(*imageAs) // nil: the command need not do anything itself
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
	image.OOMScoreAdj:        oomScoreAdj,
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
	list, err := callList(i.Seccomp)
	if err != nil {
		return enforcement{how: err.Error()}
	}
	retain := i.Seccomp.Retain
	return enforcement{kept: true, how: "a filter beside catbox's own", as: func(a *imageAs) {
		if retain {
			a.filter.retain = append(a.filter.retain, list)
		} else {
			a.filter.remove = append(a.filter.remove, list)
		}
	}}
}

// oomScore is the file in which a process has it (proc_pid_oom_score_adj(5)).
const oomScore = "/proc/self/oom_score_adj"

// oomScoreAdj can be raised by anybody, and lowered with CAP_SYS_RESOURCE, which no run has.
func oomScoreAdj(i image.Isolator) enforcement {
	text, err := os.ReadFile(oomScore)
	if err != nil {
		return enforcement{how: err.Error()}
	}
	own, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil || i.OOMScoreAdj < own {
		return enforcement{how: fmt.Sprintf("a run can raise catbox's own, which is %d, and not lower it", own)}
	}
	return enforcement{kept: true, how: "the command's " + oomScore, as: func(a *imageAs) { a.oom = strconv.Itoa(i.OOMScoreAdj) }}
}
