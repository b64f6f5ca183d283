//go:build linux

package seccomp

import (
	"github.com/catbox-go/catbox/internal/abi"
	"golang.org/x/sys/unix"
)

// marked sends what tells a program something of the machine or the moment.
func (o Options) marked(r *abi.Row) []Rule {
	switch {
	case r.Mark == "" || !o.Listener || !o.Record:
		return nil
	case r.Name == "getrandom":
		return randomness
	}
	return []Rule{always(Notify)}
}

// randomness are the rules for getrandom(2). The C library draws 4 or 8 bytes with
// GRND_NONBLOCK in each process for malloc, and 8 for the name of a temporary file (glibc
// 2.36: tcache_key_initialize, random_bits); with GRND_INSECURE others seed their
// hash tables (Rust). Python draws 24 bytes for its hashes with GRND_NONBLOCK, by which
// the order of a set differs from run to run, and 2,496 for its generator.
var randomness = []Rule{
	{When: []Cond{{2, unix.GRND_INSECURE, unix.GRND_INSECURE, Equal}}, Do: Allow},
	{When: []Cond{{2, unix.GRND_NONBLOCK, 0, Equal}}, Do: Notify},
	{When: []Cond{{1, Long &^ 15, 0, AnySet}}, Do: Notify},
}
