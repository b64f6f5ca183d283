//go:build linux

package seccomp

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/catbox-go/catbox/internal/abi"
	"golang.org/x/sys/unix"
)

var allArches = []abi.Arch{abi.AMD64, abi.I386, abi.ARM64}

// audits are the architectures to try: those of the table and strangers.
var audits = []uint32{abi.AMD64.Audit(), abi.I386.Audit(), abi.ARM64.Audit(), 0x40000028, 0x4000003e, 0, ^uint32(0)}

// numbersToTry are all from 0 to 64 past the last, all of x32, and negative ones.
func numbersToTry() []uint32 {
	var n []uint32
	for nr := range uint32(max(abi.Last(abi.AMD64), abi.Last(abi.I386), abi.Last(abi.ARM64)) + 65) {
		n = append(n, nr, nr|1<<30, nr|1<<31, -nr)
	}
	return append(n, 1<<16, 1<<29, 1<<30-1, 1<<32-1)
}

// values are those to try for each argument.
type values [6][]uint64

// interesting are values next to those that conditions compare with.
func interesting(rules []Rule) values {
	var sets [6]map[uint64]bool
	for i := range sets {
		sets[i] = map[uint64]bool{0: true, Long: true}
	}
	for _, r := range rules {
		for _, c := range r.When {
			for _, v := range []uint64{c.Value, c.Value ^ 1, c.Mask, c.Mask & -c.Mask} {
				sets[c.Arg][v] = true
				sets[c.Arg][v|1<<32] = true
				sets[c.Arg][v|Long&^Int] = true
			}
		}
	}
	var v values
	for i := range sets {
		v[i] = slices.Collect(maps.Keys(sets[i]))
	}
	return v
}

// compare tries every architecture and number, the calls with rules with every
// interesting value in every argument, and random mixes of them.
func compare(t *testing.T, arches []abi.Arch, rules []Rule) (m *machine, deepest int) {
	t.Helper()
	prog, err := Compile(arches, rules)
	if err != nil {
		t.Fatal(err)
	}
	checkProgram(t, prog)
	m = newMachine(prog)
	named := map[string][]Rule{}
	for _, r := range rules {
		named[r.Name] = append(named[r.Name], r)
	}
	tries := map[string]values{}
	for name, rules := range named {
		tries[name] = interesting(rules)
	}
	try := func(c call) {
		got, steps := m.run(c)
		deepest = max(deepest, steps)
		if want := naive(arches, rules, c); got != want {
			t.Errorf("%v: %v, want %v", c, got, want)
		}
	}
	for _, audit := range audits {
		for _, nr := range numbersToTry() {
			if t.Failed() {
				return m, deepest
			}
			try(call{nr: nr, arch: audit})
			if a, ok := abi.ArchFromAudit(audit); ok {
				if row, ok := abi.Lookup(a, int(int32(nr))); ok {
					tryArgs(call{nr: nr, arch: audit}, tries[row.Name], try)
				}
			}
		}
	}
	return m, deepest
}

// tryArgs tries each value alone and many of them together.
func tryArgs(c call, v values, try func(call)) {
	total := 0
	for i := range v {
		total += len(v[i])
		for _, x := range v[i] {
			one := c
			one.args[i] = x
			try(one)
		}
	}
	if total == 2*len(v) { // no argument decides
		return
	}
	for range 30 * total {
		for i := range v {
			c.args[i] = pick(v[i])
			if rand.IntN(16) == 0 {
				c.args[i] = rand.Uint64()
			}
		}
		try(c)
	}
}

// checkProgram checks what the kernel checks: bpf_check_classic and seccomp_check_filter.
func checkProgram(t *testing.T, prog []unix.SockFilter) {
	t.Helper()
	if len(prog) == 0 || len(prog) > maxProgram {
		t.Fatalf("%d instructions", len(prog))
	}
	for i, in := range prog {
		for _, to := range targets(prog, i) {
			if to <= i || to >= len(prog) {
				t.Fatalf("instruction %d goes to %d", i, to)
			}
		}
		if in.Code == unix.BPF_LD|unix.BPF_W|unix.BPF_ABS && (in.K > 60 || in.K%4 != 0) {
			t.Fatalf("instruction %d loads from %d", i, in.K)
		}
	}
}

func TestCompileMeansWhatTheRulesSay(t *testing.T) {
	eperm, eacces := Errno(unix.EPERM), Errno(unix.EACCES)
	for name, rules := range map[string][]Rule{
		"none":   nil,
		"one":    {{Name: "openat", Do: eperm}},
		"first":  {{Name: "openat", Do: eperm}, {Name: "openat", Do: Kill}},
		"arches": {{Name: "read", Arches: []abi.Arch{abi.I386}, Do: eperm}, {Name: "read", Arches: []abi.Arch{}, Do: Kill}},
		"only here": {
			{Name: "socketcall", When: []Cond{{0, Int, 1, Equal}}, Do: Notify},
			{Name: "arch_prctl", When: []Cond{{0, Long, 1, Equal}}, Do: Notify},
		},
		"long":     {{Name: "read", When: []Cond{{1, Long, 1<<40 | 5, Equal}}, Do: eperm}},
		"not long": {{Name: "read", When: []Cond{{1, Long, 1<<40 | 5, NotEqual}}, Do: eperm}},
		"zero":     {{Name: "read", When: []Cond{{1, Long, 0, NotEqual}}, Do: eperm}},
		"high":     {{Name: "read", When: []Cond{{5, Long &^ Int, 1 << 32, Equal}}, Do: eperm}},
		"high not": {{Name: "read", When: []Cond{{5, Long &^ Int, 1 << 32, NotEqual}}, Do: eperm}},
		"bits":     {{Name: "read", When: []Cond{{2, 1<<33 | 6, 0, AnySet}}, Do: eperm}},
		"high bits": {
			{Name: "read", When: []Cond{{2, 1 << 33, 0, AnySet}, {1, Int, 3, Equal}}, Do: eperm}, {Name: "read", Do: Notify},
		},
		"masked": {{Name: "read", When: []Cond{{2, 0xf0, 0x10, Equal}, {2, 0x0f, 3, NotEqual}}, Do: eperm}},
		"chain": {
			{Name: "ioctl", When: []Cond{{1, Int, 1, Equal}}, Do: eperm},
			{Name: "ioctl", When: []Cond{{1, Int, 2, Equal}}, Do: eacces},
			{Name: "ioctl", When: []Cond{{1, Int, 3, Equal}, {0, Int, 3, Equal}}, Do: Kill},
			{Name: "ioctl", When: []Cond{{1, 0xff, 4, Equal}}, Do: Notify},
			{Name: "ioctl", When: []Cond{{1, Int, 0x104, Equal}}, Do: Kill},
			{Name: "ioctl", When: []Cond{{1, Int, 5, Equal}}, Do: Errno(0)},
		},
		"allow, then not": {
			{Name: "read", When: []Cond{{0, Int, 0, Equal}}, Do: Allow}, {Name: "read", Do: eperm}, {Name: "read", Do: Kill},
		},
		"nothing works": everyCall(Errno(unix.ENOSYS)),
		"all the same":  everyCall(Kill),
	} {
		t.Run(name, func(t *testing.T) { compare(t, allArches, rules) })
	}
}

func everyCall(v Verdict) []Rule {
	var rules []Rule
	for _, row := range abi.Table() {
		rules = append(rules, Rule{Name: row.Name, Do: v})
	}
	return rules
}

// Jumps are longer than 255 here, in the search, between rules and within one.
func TestCompileLongJumps(t *testing.T) {
	var rules []Rule
	for i, row := range abi.Table() {
		if i%4 == 0 {
			rules = append(rules, Rule{Name: row.Name, When: []Cond{{i % 6, Long, uint64(i)<<30 | uint64(i), Equal}}, Do: Errno(unix.Errno(i % 100))})
		}
	}
	for i := range 300 {
		rules = append(rules, Rule{Name: "ioctl", When: []Cond{{1, Int, uint64(i), Equal}}, Do: Errno(unix.Errno(i%3 + 1))})
		rules = append(rules, Rule{Name: "ioctl", When: []Cond{{2, Long, uint64(i) << 30, Equal}}, Do: Errno(unix.Errno(i%3 + 1))})
	}
	when := make([]Cond, 200)
	for i := range when {
		when[i] = Cond{i % 6, Long, uint64(i)<<31 | 1, NotEqual}
	}
	rules = append(rules, Rule{Name: "prctl", When: when, Do: Kill})
	m, _ := compare(t, []abi.Arch{abi.AMD64}, rules)
	long := 0
	for _, in := range m.prog {
		if in.Code == unix.BPF_JMP|unix.BPF_JA && in.K > 255 {
			long++
		}
	}
	if long == 0 {
		t.Error("no long jump in the program: the test does not try what it should")
	}
}

func TestCompileRandomRules(t *testing.T) {
	names := strings.Fields("read openat ioctl socket socketcall truncate64 newfstatat prctl kill")
	verdicts := []Verdict{Allow, Notify, Kill, Errno(0), Errno(unix.EPERM), Errno(unix.ENOSYS)}
	for range 60 {
		var rules []Rule
		for range rand.IntN(40) {
			rules = append(rules, Rule{Name: pick(names), When: randomConds(), Do: pick(verdicts)})
		}
		arches := slices.Clone(allArches)
		rand.Shuffle(len(arches), func(i, j int) { arches[i], arches[j] = arches[j], arches[i] })
		compare(t, arches[:1+rand.IntN(3)], rules)
		if t.Failed() {
			t.Fatalf("rules %v", rules)
		}
	}
}

func pick[T any](s []T) T { return s[rand.IntN(len(s))] }

func randomConds() []Cond {
	var when []Cond
	for range rand.IntN(4) {
		c := Cond{Arg: rand.IntN(3), Mask: pick([]uint64{Int, Long, 0xff, 0x400243, Long &^ Int, 1 << 40, 0xf0000000f}), Op: pick([]Op{Equal, NotEqual, AnySet})}
		if c.Op != AnySet {
			c.Value = pick([]uint64{0, 1, 3, 0x41, 1 << 40, 1<<32 | 1}) & c.Mask
		}
		when = append(when, c)
	}
	return when
}

// A rule that changes nothing costs nothing.
func TestCompileIgnoresIdleRules(t *testing.T) {
	plain, err := Compile(allArches, nil)
	if err != nil {
		t.Fatal(err)
	}
	idle, err := Compile(allArches, []Rule{
		{Name: "read", When: []Cond{{0, Int, 1, Equal}}, Do: Allow}, {Name: "read", Do: Allow}, {Name: "read", Do: Kill},
	})
	if err != nil || len(idle) > len(plain)+5 { // more steps to find the number: it is 0, 3 and 63
		t.Errorf("%d instructions instead of %d, %v", len(idle), len(plain), err)
	}
}

func TestCompileRefuses(t *testing.T) {
	read := func(c Cond) []Rule { return []Rule{{Name: "read", When: []Cond{c}, Do: Allow}} }
	for want, rules := range map[string][]Rule{
		`no system call "raed"`:                 {{Name: "raed", Do: Kill}},
		"read: unknown verdict 0x0":             {{Name: "read"}},
		"read: unknown verdict 0x7ff00000":      {{Name: "read", Do: unix.SECCOMP_RET_TRACE}},
		"read: no argument 6":                   read(Cond{6, Int, 0, Equal}),
		"read: no argument -1":                  read(Cond{-1, Int, 0, Equal}),
		"read: unknown comparison 0":            read(Cond{1, Int, 0, 0}),
		"read: unknown comparison 4":            read(Cond{1, Int, 0, 4}),
		"read: argument 2 is compared without":  read(Cond{2, 0, 0, Equal}),
		"value 0x100000000 is outside the mask": read(Cond{2, Int, 1 << 32, Equal}),
		"read: bits 0x3 have a value":           read(Cond{2, 3, 1, AnySet}),
		"close cannot be intercepted":           {{Name: "close", Do: Notify}},
		"waitpid cannot be intercepted":         {{Name: "waitpid", When: []Cond{{0, Int, 1, Equal}}, Do: Notify}},
		"the filter has 8":                      thousands(),
	} {
		prog, err := Compile(allArches, rules)
		if prog != nil || err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%d instructions and error %v, want %q", len(prog), err, want)
		}
	}
	if _, err := Compile(nil, nil); err == nil {
		t.Error("a filter without architectures")
	}
}

func thousands() []Rule {
	var rules []Rule
	for i := range uint64(2000) {
		rules = append(rules, Rule{Name: "ioctl", When: []Cond{{1, Int, i, Equal}, {2, Int, i, Equal}}, Do: Kill})
	}
	return rules
}

func TestVerdictString(t *testing.T) {
	for v, want := range map[Verdict]string{
		Allow: "allow", Notify: "notify", Kill: "kill", Errno(0): "return 0", Errno(unix.EPERM): "EPERM", 0: "unknown verdict 0x0",
	} {
		if got := fmt.Sprint(v); got != want {
			t.Errorf("%#x is %q, want %q", uint32(v), got, want)
		}
	}
}
