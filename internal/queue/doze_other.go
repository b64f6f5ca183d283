//go:build !linux

package queue

import "time"

type dozer struct{}

func (dozer) doze(t time.Duration) { time.Sleep(t) }
