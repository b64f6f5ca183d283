package features

import (
	"bytes"
	"os"
	"runtime"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// ReadFacts returns what is known about this process and its host now.
func ReadFacts() Facts {
	abi, _ := landlockABI() // 0 where there is none
	nnp, _ := unix.PrctlRetInt(unix.PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0)
	return Facts{
		System:        system(),
		Root:          os.Geteuid() == 0,
		NoNewPrivs:    nnp == 1,
		Filters:       filters(),
		Container:     container(),
		UserNamespace: !initialUserNamespace(),
		LandlockABI:   abi,
		Architecture:  runtime.GOARCH,
	}
}

func system() string {
	var u unix.Utsname
	if err := unix.Uname(&u); err != nil {
		return "Linux"
	}
	return unix.ByteSliceToString(u.Sysname[:]) + " " + unix.ByteSliceToString(u.Release[:])
}

// filters counts the seccomp filters of this thread. Before Linux 5.9 the kernel says only whether there are any.
func filters() int {
	status, _ := os.ReadFile("/proc/thread-self/status")
	if n, err := strconv.Atoi(statusField(status, "Seccomp_filters:")); err == nil {
		return n
	}
	if mode := statusField(status, "Seccomp:"); mode == "" || mode == "0" {
		return 0
	}
	return -1
}

func statusField(status []byte, name string) string {
	for line := range bytes.Lines(status) {
		if value, ok := bytes.CutPrefix(line, []byte(name)); ok {
			return string(bytes.TrimSpace(value))
		}
	}
	return ""
}

// initialUserNamespace tells by the mapping of all ids to themselves (user_namespaces(7)).
func initialUserNamespace() bool {
	text, err := os.ReadFile("/proc/self/uid_map")
	return err != nil || strings.Join(strings.Fields(string(text)), " ") == "0 0 4294967295"
}

// container returns the name that the container manager gives itself, "" outside of containers. The places are those of
// systemd's CONTAINER_INTERFACE, Docker and Podman.
func container() string {
	if name, err := os.ReadFile("/run/systemd/container"); err == nil {
		return strings.TrimSpace(string(name))
	}
	if name := os.Getenv("container"); name != "" {
		return name
	}
	for file, name := range map[string]string{"/run/.containerenv": "podman", "/.dockerenv": "docker"} {
		if _, err := os.Stat(file); err == nil {
			return name
		}
	}
	return ""
}
