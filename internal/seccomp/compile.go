//go:build linux

package seccomp

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/catbox-go/catbox/internal/abi"
	"golang.org/x/sys/unix"
)

// maxProgram is BPF_MAXINSNS, the kernel's limit.
const maxProgram = 4096

// unknown answers what is not in the table.
var unknown = Errno(unix.ENOSYS)

// Compile makes a filter for programs of the architectures, the usual one first.
//
// A call without rules is allowed. A number without a row in the table, and any
// call of another architecture, gets ENOSYS. A rule that cannot be compiled is
// an error, also if none of the architectures has the call.
func Compile(arches []abi.Arch, rules []Rule) ([]unix.SockFilter, error) {
	if len(arches) == 0 {
		return nil, errors.New("seccomp: no architecture")
	}
	for _, r := range rules {
		if err := r.check(); err != nil {
			return nil, fmt.Errorf("seccomp: %w", err)
		}
	}
	prog := newCompiler().program(arches, rules)
	if len(prog) > maxProgram {
		return nil, fmt.Errorf("seccomp: the filter has %d instructions, more than %d", len(prog), maxProgram)
	}
	return prog, nil
}

// compiler shares what several calls have in common, which is most of it.
type compiler struct {
	assembler
	ids    map[string]leaf
	leaves [][]Rule // by leaf
	labels []label  // by leaf, 0 if not written yet

	refused leaf // that of unknown numbers
}

// leaf names a list of rules that comes after the search for the number.
type leaf int

func newCompiler() *compiler {
	c := &compiler{assembler: assembler{rets: map[Verdict]label{}}, ids: map[string]leaf{}}
	c.refused = c.leaf([]Rule{{Do: unknown}})
	return c
}

func (c *compiler) program(arches []abi.Arch, rules []Rule) []unix.SockFilter {
	c.ret(unknown) // label 0 is a return, so no leaf with rules is there
	named := byName(rules)
	sections := make([]label, len(arches))
	for i := len(arches) - 1; i >= 0; i-- {
		sections[i] = c.section(arches[i], named)
	}
	next := c.ret(unknown)
	for i := len(arches) - 1; i >= 0; i-- {
		next = c.jump(unix.BPF_JEQ, arches[i].Audit(), sections[i], next)
	}
	c.load(offArch)
	return c.assembler.program()
}

// section decides on the calls of an architecture.
func (c *compiler) section(a abi.Arch, rules map[string][]Rule) label {
	c.last(c.search(c.spans(a, rules)))
	return c.load(offNr)
}

func byName(rules []Rule) map[string][]Rule {
	m := map[string][]Rule{}
	for _, r := range rules {
		m[r.Name] = append(m[r.Name], r)
	}
	return m
}

// on are the rules that are for the architecture, as it has them.
func on(a abi.Arch, rules []Rule) []Rule {
	var s []Rule
	for _, r := range rules {
		if r.isFor(a) {
			s = append(s, Rule{When: r.on(a), Do: r.Do})
		}
	}
	return s
}

// span is a run of numbers with the same leaf, up to the next span.
type span struct {
	from uint32
	leaf leaf
}

// spans cover all numbers from 0 to 1<<32-1. The last one has those of x32 and
// the negative ones.
func (c *compiler) spans(a abi.Arch, rules map[string][]Rule) []span {
	var s []span
	for nr := range abi.Last(a) + 2 {
		l := c.refused
		if row, ok := abi.Lookup(a, nr); ok {
			l = c.leaf(on(a, rules[row.Name]))
		}
		if len(s) == 0 || s[len(s)-1].leaf != l {
			s = append(s, span{uint32(nr), l})
		}
	}
	return s
}

func (c *compiler) leaf(rules []Rule) leaf {
	key := string(keyOf(rules))
	id, ok := c.ids[key]
	if !ok {
		id = leaf(len(c.leaves))
		c.ids[key] = id
		c.leaves = append(c.leaves, rules)
		c.labels = append(c.labels, 0)
	}
	return id
}

// keyOf is the same for rules that do the same.
func keyOf(rules []Rule) []byte {
	var k []byte
	for _, r := range rules {
		for _, c := range r.When {
			k = append(k, byte(c.Op), byte(c.Arg))
			k = binary.LittleEndian.AppendUint64(k, c.Mask)
			k = binary.LittleEndian.AppendUint64(k, c.Value)
		}
		k = binary.LittleEndian.AppendUint32(append(k, 0), uint32(r.Do)) // no Op is 0
	}
	return k
}

// search finds the span of the number in the accumulator, by halves.
func (c *compiler) search(s []span) label {
	if len(s) == 1 {
		return c.write(s[0].leaf)
	}
	half := len(s) / 2
	upper := c.search(s[half:])
	lower := c.search(s[:half])
	return c.jump(unix.BPF_JGE, s[half].from, upper, lower)
}

func (c *compiler) write(l leaf) label {
	if c.labels[l] == 0 {
		label := c.rules(c.leaves[l])
		if len(c.leaves[l]) == 0 || len(c.leaves[l][0].When) == 0 {
			return label // a return, of which there can be a nearer copy next time
		}
		c.labels[l] = label
	}
	return c.labels[l]
}

// rules writes the first rule last, so that it comes first.
func (c *compiler) rules(rules []Rule) label {
	next := c.ret(Allow)
	for i := len(rules) - 1; i >= 0; i-- {
		next = c.rule(rules[i], next)
	}
	return next
}

func (c *compiler) rule(r Rule, next label) label {
	l := c.ret(r.Do)
	for i := len(r.When) - 1; i >= 0; i-- {
		l = c.cond(r.When[i], l, next)
	}
	return l
}
