//go:build !linux

package fuseoverlay

import "errors"

// Available says that there is none.
func Available() error { return errors.ErrUnsupported }
