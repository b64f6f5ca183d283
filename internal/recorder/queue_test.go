package recorder

import (
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/catbox-go/catbox/record"
)

func TestTheSinksErrorEndsTheRecord(t *testing.T) {
	bad := errors.New("full")
	calls := 0
	r := New(record.SinkFunc(func(record.Event) error {
		if calls++; calls == 2 {
			return bad
		}
		return nil
	}))
	r.Release()
	for range 3 * queued { // more than it keeps: nobody waits for a sink that has failed
		r.Tell(record.Start{})
	}
	if err := r.Close(record.End{}); err != bad || calls != 2 {
		t.Errorf("%v after %d calls", err, calls)
	}
}

func TestASlowSinkLosesNothing(t *testing.T) {
	seen := 0
	r := New(record.SinkFunc(func(record.Event) error {
		if seen++; seen == 1 {
			time.Sleep(50 * time.Millisecond)
		}
		return nil
	}))
	r.Release()
	var all sync.WaitGroup
	for n := range 8 {
		all.Go(func() {
			for range queued / 4 {
				r.Blind(n, "x", "")
			}
		})
	}
	all.Wait()
	if err := r.Close(record.End{}); err != nil || seen != 2*queued+1 {
		t.Errorf("%d events, want %d: %v", seen, 2*queued+1, err)
	}
}

func TestNothingIsToldBeforeTheRelease(t *testing.T) {
	seen := 0
	sink := record.SinkFunc(func(record.Event) error { seen++; return nil })
	r := New(sink)
	r.Tell(record.Start{})
	time.Sleep(2 * pause)
	if seen != 0 {
		t.Error("told before the release")
	}
	r.Drop()
	r.Tell(record.Start{})
	if seen != 0 {
		t.Error("told after it was dropped")
	}
	r = New(sink)
	r.Tell(record.Start{})
	r.Release()
	if err := r.Close(record.End{}); err != nil || seen != 2 {
		t.Errorf("%d events: %v", seen, err)
	}
}
