package main

import "testing"

func TestCalledSandbox(t *testing.T) {
	for name, want := range map[string]bool{
		"run-sandbox": true, "/usr/local/bin/run-sandbox": true, "catbox": false, "run-sandbox-x": false, "/run-sandbox/catbox": false,
	} {
		if got := calledSandbox(name); got != want {
			t.Errorf("%s: %v", name, got)
		}
	}
}
