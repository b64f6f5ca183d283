package appc

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"math/big"
	"slices"
	"strings"
)

// Value is what an isolator's value says. Which fields are set depends on the
// isolator's name.
type Value struct {
	Known          bool     // the specification has this isolator
	Request, Limit *int64   // resource/*: in the base unit; of resource/cpu thousandths of a core
	Set            []string // capabilities-*-set, seccomp-*-set
	Errno          string   // seccomp-*-set; "": the process is ended by SIGSYS
	Bool           bool     // no-new-privileges
}

// Names of isolators (ace.md, "Isolators"; schema/types/isolator_linux_specific.go
// has two that ace.md forgot: oom-score-adj, cpu-shares).
var readers = map[string]func(json.RawMessage) (Value, error){
	"resource/cpu":                     milliQuantities,
	"resource/memory":                  quantities,
	"resource/block-bandwidth":         byDefault,
	"resource/block-iops":              byDefault,
	"resource/network-bandwidth":       byDefault,
	"os/linux/capabilities-retain-set": capabilitySet,
	"os/linux/capabilities-remove-set": capabilitySet,
	"os/linux/seccomp-retain-set":      seccompSet,
	"os/linux/seccomp-remove-set":      seccompSet,
	"os/linux/no-new-privileges":       boolean,
	"os/linux/selinux-context":         strs("user", "role", "type", "level"),
	"os/linux/apparmor-profile":        strs("profile"),
	"os/linux/oom-score-adj":           integer(-1000, 1000),
	"os/linux/cpu-shares":              integer(2, 262144),
	"os/unix/sysctl":                   stringMap,
}

// Read takes the value apart. One that the specification does not have is not
// Known, and right whatever it holds.
func (i Isolator) Read() (Value, error) {
	read, ok := readers[i.Name]
	if !ok {
		return Value{}, nil
	}
	v, err := read(i.Value)
	v.Known = true
	return v, err
}

// resource is the value of resource/*.
type resource struct {
	Default *bool    `json:"default"`
	Request quantity `json:"request"`
	Limit   quantity `json:"limit"`
}

// quantity may be a string or a number.
type quantity string

func (q *quantity) UnmarshalJSON(data []byte) error {
	*q = quantity(strings.Trim(string(data), `"`))
	return nil
}

func quantities(raw json.RawMessage) (Value, error)      { return scaled(raw, 1) }
func milliQuantities(raw json.RawMessage) (Value, error) { return scaled(raw, 1000) }

func scaled(raw json.RawMessage, scale int64) (v Value, err error) {
	var r resource
	if err := json.Unmarshal(raw, &r); err != nil {
		return v, errors.New(`it has to be an object with "request" and "limit"`)
	}
	if r.Limit == "" && r.Request == "" {
		return v, errors.New(`it needs a "limit" or a "request"`)
	}
	if v.Limit, err = r.Limit.scaled(scale); err != nil {
		return v, err
	}
	v.Request, err = r.Request.scaled(scale)
	if v.Request == nil {
		v.Request = v.Limit
	}
	return v, err
}

func byDefault(raw json.RawMessage) (Value, error) {
	v, err := quantities(raw)
	var r resource
	if err == nil && (json.Unmarshal(raw, &r) != nil || r.Default == nil || !*r.Default) {
		err = errors.New(`it has to have "default": true`)
	}
	return v, err
}

// suffixes of quantities (ace.md, "Resource Isolators").
var suffixes = []struct {
	text  string
	scale *big.Rat
}{
	{"Ki", power(1024, 1)}, {"Mi", power(1024, 2)}, {"Gi", power(1024, 3)},
	{"Ti", power(1024, 4)}, {"Pi", power(1024, 5)}, {"Ei", power(1024, 6)},
	{"K", power(1000, 1)}, {"k", power(1000, 1)}, {"M", power(1000, 2)}, {"G", power(1000, 3)},
	{"T", power(1000, 4)}, {"P", power(1000, 5)}, {"E", power(1000, 6)},
	{"m", big.NewRat(1, 1000)},
}

func power(base, n int64) *big.Rat {
	return new(big.Rat).SetInt(new(big.Int).Exp(big.NewInt(base), big.NewInt(n), nil))
}

var errQuantity = errors.New("a quantity is a number that is not negative, with K M G T P E, Ki Mi Gi Ti Pi Ei, or m for thousandths")

// scaled is the quantity in units of 1/scale, rounded up. Nil: not given.
func (q quantity) scaled(scale int64) (*int64, error) {
	if q == "" || q == "null" {
		return nil, nil
	}
	number, factor := string(q), big.NewRat(scale, 1)
	for _, s := range suffixes {
		if n, ok := strings.CutSuffix(number, s.text); ok {
			number = n
			factor.Mul(factor, s.scale)
			break
		}
	}
	// Only digits and a point: big.Rat takes exponents, which may be huge.
	if number == "" || len(number) > 40 || strings.Trim(number, "0123456789.") != "" {
		return nil, fmt.Errorf("%q: %w", q, errQuantity)
	}
	r, ok := new(big.Rat).SetString(number)
	if !ok {
		return nil, fmt.Errorf("%q: %w", q, errQuantity)
	}
	return roundUp(r.Mul(r, factor))
}

func roundUp(r *big.Rat) (*int64, error) {
	n := new(big.Int).Add(r.Num(), r.Denom())
	n.Sub(n, big.NewInt(1)).Quo(n, r.Denom())
	if !n.IsInt64() {
		return nil, fmt.Errorf("more than %d", int64(math.MaxInt64))
	}
	v := n.Int64()
	return &v, nil
}

type nameSet struct {
	Set   []string `json:"set"`
	Errno string   `json:"errno"`
}

func readSet(raw json.RawMessage) (Value, error) {
	var s nameSet
	if err := json.Unmarshal(raw, &s); err != nil || len(s.Set) == 0 {
		return Value{}, errors.New(`it has to be an object with a list "set" that is not empty`)
	}
	return Value{Set: s.Set, Errno: s.Errno}, nil
}

func capabilitySet(raw json.RawMessage) (Value, error) {
	v, err := readSet(raw)
	for _, name := range v.Set {
		if !strings.HasPrefix(name, "CAP_") || strings.ToUpper(name) != name {
			return v, fmt.Errorf("%q is no capability: they are called as in CAP_NET_BIND_SERVICE", name)
		}
	}
	return v, err
}

func seccompSet(raw json.RawMessage) (Value, error) {
	v, err := readSet(raw)
	if err != nil {
		return v, err
	}
	if slices.Contains(v.Set, "") {
		return v, errors.New("a system call with no name")
	}
	if v.Errno != "" && (v.Errno[0] != 'E' || strings.ToUpper(v.Errno) != v.Errno) {
		return v, fmt.Errorf("%q is no errno: they are called as in ENOTSUP", v.Errno)
	}
	return v, nil
}

func boolean(raw json.RawMessage) (v Value, err error) {
	if json.Unmarshal(raw, &v.Bool) != nil || string(raw) == "null" {
		err = errors.New("it has to be true or false")
	}
	return v, err
}

func integer(least, most int64) func(json.RawMessage) (Value, error) {
	return func(raw json.RawMessage) (Value, error) {
		var n int64
		if json.Unmarshal(raw, &n) != nil || n < least || n > most {
			return Value{}, fmt.Errorf("it has to be a whole number from %d to %d", least, most)
		}
		return Value{Limit: &n}, nil
	}
}

func strs(names ...string) func(json.RawMessage) (Value, error) {
	return func(raw json.RawMessage) (Value, error) {
		var m map[string]string
		if json.Unmarshal(raw, &m) != nil {
			m = nil
		}
		for _, name := range names {
			if m[name] == "" {
				return Value{}, fmt.Errorf("it has to be an object with %s, all strings that are not empty", strings.Join(names, ", "))
			}
		}
		return Value{}, nil
	}
}

func stringMap(raw json.RawMessage) (Value, error) {
	var m map[string]string
	if json.Unmarshal(raw, &m) != nil || m == nil {
		return Value{}, errors.New("it has to be an object whose values are strings")
	}
	return Value{}, nil
}

// DefaultCapabilities is the set from which capabilities-remove-set takes away
// (ace.md).
var DefaultCapabilities = []string{
	"CAP_AUDIT_WRITE", "CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_FSETID", "CAP_FOWNER", "CAP_KILL", "CAP_MKNOD",
	"CAP_NET_RAW", "CAP_NET_BIND_SERVICE", "CAP_SETUID", "CAP_SETGID", "CAP_SETPCAP", "CAP_SETFCAP", "CAP_SYS_CHROOT",
}
