package image_test

import (
	"testing"

	"github.com/catbox-go/catbox/internal/testenv"
)

func leaks(t testing.TB) { testenv.Leaks(t) }
