package supervisor

// tellCall has a call recorded that tells the program something of the machine, and names no file.
func (h *held) tellCall() {
	if h.valid() { // or the thread's number may be another's by now
		h.s.Recorder.Called(int(h.thread), h.name, h.row.Mark)
	}
}
