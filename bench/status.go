//go:build linux

package main

import (
	"encoding/json"
	"fmt"
	"strings"
)

// status is what catbox said on --json-status-fd. Members that are missing are
// nil or zero, members not known here are ignored.
type status struct {
	calls      *int64 // notifications received
	violations int
}

// parseStatus reads JSON lines. A line names its event either in a member
// ("event" or "type") or as its only member.
func parseStatus(text string) status {
	var st status
	for line := range strings.Lines(text) {
		var object map[string]json.RawMessage
		if json.Unmarshal([]byte(line), &object) != nil {
			continue // cut off by a kill
		}
		st.add(object)
	}
	return st
}

func (st *status) add(object map[string]json.RawMessage) {
	event, body := splitEvent(object)
	switch event {
	case "violation":
		st.violations++
	case "ended":
		var n int64
		if json.Unmarshal(body["calls"], &n) == nil {
			st.calls = &n
		}
	}
}

func splitEvent(object map[string]json.RawMessage) (string, map[string]json.RawMessage) {
	for _, member := range []string{"event", "type"} {
		var name string
		if json.Unmarshal(object[member], &name) == nil {
			return name, object
		}
	}
	for name, raw := range object {
		var body map[string]json.RawMessage
		if len(object) == 1 && json.Unmarshal(raw, &body) == nil {
			return name, body
		}
	}
	return "", nil
}

// floorCalls is what c/floor.c says at its end; nil for any other program.
func floorCalls(stderr string) *int64 {
	lines := strings.Split(strings.TrimSpace(stderr), "\n")
	var n int64
	if _, err := fmt.Sscanf(lines[len(lines)-1], "floor: %d notifications", &n); err != nil {
		return nil
	}
	return &n
}
