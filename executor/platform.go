package executor

import (
	"os"
)

// ForPlatform returns the executor to use here: that which CATBOX_EXECUTOR or
// else SANDBOXLIB_BACKEND names, else the first of [Names] that works. A
// variable that names none is passed over with a warning. If none works, the
// error says why the last did not.
func ForPlatform(warn func(string)) (Executor, error) {
	return choose(executors, os.Getenv, warn)
}

// overrides are the variables that name the executor to use, the first one first.
var overrides = []string{"CATBOX_EXECUTOR", "SANDBOXLIB_BACKEND"}

func choose(from []Executor, getenv func(string) string, warn func(string)) (Executor, error) {
	for _, variable := range overrides {
		name := getenv(variable)
		if name == "" {
			continue
		}
		e, err := Get(name)
		if err == nil {
			return e, nil
		}
		if warn != nil {
			warn(variable + ": " + err.Error())
		}
	}
	var err error
	for _, e := range from {
		if err = e.Capabilities().Err; err == nil {
			return e, nil
		}
	}
	return nil, err
}
