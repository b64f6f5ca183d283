package target

import (
	"bytes"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// Status is what proc_pid_status(5) tells of a thread.
type Status struct {
	Tgid          int // the process, in the caller's pid namespace
	NSTgid, NSPid int // process and thread in the thread's own pid namespace
	PPid          int
	Umask         uint32
	FSUID, FSGID  uint32
	Groups        []uint32
	Caps          uint64 // effective
}

// Status reads /proc/TID/status. ESRCH: the thread is gone.
func (t Thread) Status() (Status, unix.Errno) {
	var s Status
	data, errno := t.read("status")
	if errno != 0 {
		return s, errno
	}
	for line := range bytes.Lines(data) {
		key, value, _ := strings.Cut(string(line), ":")
		if set := statusFields[key]; set != nil {
			if fields := strings.Fields(value); len(fields) > 0 {
				set(&s, fields)
			}
		}
	}
	return s, 0
}

var statusFields = map[string]func(*Status, []string){
	"Tgid":   func(s *Status, f []string) { s.Tgid = atoi(f[0]) },
	"PPid":   func(s *Status, f []string) { s.PPid = atoi(f[0]) },
	"NStgid": func(s *Status, f []string) { s.NSTgid = atoi(f[len(f)-1]) },
	"NSpid":  func(s *Status, f []string) { s.NSPid = atoi(f[len(f)-1]) },
	"Umask": func(s *Status, f []string) {
		mask, _ := strconv.ParseUint(f[0], 8, 32)
		s.Umask = uint32(mask)
	},
	"Uid":    func(s *Status, f []string) { s.FSUID = uint32(atoi(f[len(f)-1])) },
	"Gid":    func(s *Status, f []string) { s.FSGID = uint32(atoi(f[len(f)-1])) },
	"CapEff": func(s *Status, f []string) { s.Caps, _ = strconv.ParseUint(f[0], 16, 64) },
	"Groups": func(s *Status, f []string) {
		for _, g := range f {
			s.Groups = append(s.Groups, uint32(atoi(g)))
		}
	},
}

func atoi(s string) int {
	n, _ := strconv.Atoi(s)
	return n
}

// read reads a small file of /proc/TID. ESRCH: the thread is gone.
func (t Thread) read(name string) ([]byte, unix.Errno) {
	fd, err := unix.Open("/proc/"+strconv.Itoa(int(t))+"/"+name, unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, unix.ESRCH
	}
	defer unix.Close(fd)
	buf := make([]byte, pageSize)
	n, err := unix.Read(fd, buf)
	if err != nil {
		return nil, unix.ESRCH
	}
	return buf[:n], 0
}

// Program returns the thread's name (comm in proc(5)), "" if it is gone.
func (t Thread) Program() string {
	data, errno := t.read("comm")
	if errno != 0 {
		return ""
	}
	return strings.TrimSuffix(string(data), "\n")
}

// PeakMemory returns the most memory that the thread's process had so far, in KiB
// (VmHWM in proc_pid_status(5)); 0 if it is gone.
func (t Thread) PeakMemory() int64 {
	data, errno := t.read("status")
	if errno != 0 {
		return 0
	}
	_, after, _ := bytes.Cut(data, []byte("VmHWM:"))
	fields := bytes.Fields(after[:min(len(after), 32)])
	if len(fields) == 0 {
		return 0
	}
	kib, _ := strconv.ParseInt(string(fields[0]), 10, 64)
	return kib
}

// CloseOnExec tells whether a descriptor of the thread has FD_CLOEXEC
// (proc_pid_fdinfo(5): O_CLOEXEC among the flags).
func (t Thread) CloseOnExec(fd int) bool {
	data, errno := t.read("fdinfo/" + strconv.Itoa(fd))
	if errno != 0 {
		return true
	}
	_, after, _ := strings.Cut(string(data), "flags:")
	fields := strings.Fields(after)
	if len(fields) == 0 {
		return true
	}
	flags, err := strconv.ParseUint(fields[0], 8, 64)
	return err != nil || flags&unix.O_CLOEXEC != 0
}
