package store

import "github.com/catbox-go/catbox/internal/sys"

// background has the goroutine run on a thread that gives way to others.
func background() { sys.Background() }
