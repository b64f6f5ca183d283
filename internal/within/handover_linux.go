package within

import (
	"encoding/json"
	"errors"
	"io"
	"os"
	"strings"

	"golang.org/x/sys/unix"
)

// setUp hands the specification over and waits until it is carried out.
func (r *Run) setUp() error {
	if err := json.NewEncoder(r.socket).Encode(request{Spec: &r.cfg.Spec}); err != nil {
		return err
	}
	line := make([]byte, 64<<10) // more than a report has
	oob := make([]byte, unix.CmsgSpace(4)+unix.CmsgSpace(unix.SizeofUcred))
	n, oobn, err := r.receive(line, oob)
	switch {
	case err != nil:
		return err
	case n == 0:
		return io.EOF
	}
	if err := r.takeBeside(oob[:oobn]); err != nil {
		return err
	}
	r.reports = json.NewDecoder(io.MultiReader(strings.NewReader(string(line[:n])), r.socket))
	var first report
	if err := r.reports.Decode(&first); err != nil {
		return err
	}
	if first.Failed != nil {
		return first.Failed.error()
	}
	if r.Listener == nil || r.inner == 0 || first.Ready == nil {
		return errors.New("the inner process sent no listener")
	}
	r.Netns = first.Ready.Netns
	return nil
}

func (r *Run) receive(line, oob []byte) (n, oobn int, err error) {
	for {
		n, oobn, _, _, err = unix.Recvmsg(int(r.socket.Fd()), line, oob, unix.MSG_CMSG_CLOEXEC)
		if err != unix.EINTR {
			return n, oobn, os.NewSyscallError("recvmsg", err)
		}
	}
}

// takeBeside takes the listener, and the number that the inner process has here.
func (r *Run) takeBeside(oob []byte) error {
	messages, err := unix.ParseSocketControlMessage(oob)
	if err != nil {
		return err
	}
	for _, m := range messages {
		if creds, err := unix.ParseUnixCredentials(&m); err == nil {
			r.inner = int(creds.Pid)
		}
		if fds, err := unix.ParseUnixRights(&m); err == nil && len(fds) == 1 {
			r.Listener = os.NewFile(uintptr(fds[0]), "seccomp listener")
		}
	}
	return nil
}
