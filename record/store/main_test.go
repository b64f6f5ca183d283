package store_test

import (
	"fmt"
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/catbox-go/catbox/internal/testenv"
	"github.com/catbox-go/catbox/record"
	"github.com/catbox-go/catbox/record/store"
)

func TestMain(m *testing.M) {
	testenv.Main(testenv.Helpers{"recorder": recorder})
	os.Exit(m.Run())
}

// recorder writes the record PATH, of the version VERSION, until it is killed:
// accesses that are numbered, with PAUSE between two. From time to time it
// prints how many it has told.
func recorder(args []string) int {
	path, version := args[0], args[1]
	pause, err := time.ParseDuration(args[2])
	if err != nil {
		return fail(err)
	}
	w, err := store.Create(path)
	if err != nil {
		return fail(err)
	}
	for _, e := range []record.Event{record.Start{Version: version}, record.Process{ID: 1}, record.Image{ID: 1, Process: 1, Path: "/bin/sh"}} {
		if err := w.Event(e); err != nil {
			return fail(err)
		}
	}
	for i := 0; ; i++ {
		if err := w.Event(record.Access{Image: 1, Class: record.ClassRead, Path: "/" + strconv.Itoa(i), Count: 1}); err != nil {
			return fail(err)
		}
		if pause > 0 || i%500 == 0 {
			fmt.Println(i + 1)
		}
		time.Sleep(pause)
	}
}

func fail(err error) int {
	fmt.Fprintln(os.Stderr, err)
	return 1
}
