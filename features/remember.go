package features

import (
	"errors"
	"sync"
)

// remember makes a probe that runs until it has answered conclusively, and then repeats that answer.
// Callers that arrive while it runs wait for it.
func remember(probe func() error) func() error {
	var (
		mu     sync.Mutex
		known  bool
		answer error
	)
	return func() error {
		mu.Lock()
		defer mu.Unlock()
		if known {
			return answer
		}
		answer = probe()
		known = answer == nil || errors.Is(answer, errors.ErrUnsupported)
		return answer
	}
}
