package recorder

import "github.com/catbox-go/catbox/record"

// asked is a call that was told once, with what came since.
type asked struct {
	record.Call
	since
}

// Called notes a system call of the thread's image that tells it what mark says.
func (r *Recorder) Called(tid int, name, mark string) {
	if r.Known(tid) {
		r.Later(tid, func(i Image) { i.called(name, mark) })
	}
}

func (i Image) called(name, mark string) {
	if c := i.i.asks[name]; c != nil {
		c.again(i.at)
		return
	}
	i.r.tellImage(i.i)
	c := &asked{Call: record.Call{Image: i.i.ID, Name: name, Mark: mark, Count: 1, First: i.at, Last: i.at}}
	if i.i.asks == nil {
		i.i.asks = map[string]*asked{}
	}
	i.i.asks[name] = c
	i.r.out.Put(c.Call)
}
