//go:build linux

package seccomp

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"github.com/catbox-go/catbox/internal/abi"
)

var update = flag.Bool("update", false, "write the manual page instead of comparing it")

const manPage = "../../docs/man/catbox-syscalls.7"

// sections are what the manual says of each class, and what the filter does for
// it at most, where it does the same for every call of the class.
var sections = []struct {
	class abi.Class
	title string
	text  string
	do    Verdict // 0: differs from call to call
}{
	{abi.Open, "Open files", `Looked at if the flags say that something could change (O_WRONLY, O_RDWR, O_CREAT,
O_TRUNC, O_TMPFILE). Where it is restricted what may be read, or something is hidden in a writable place, every
open is looked at. What may only be read is held by mounts and Landlock.`, 0},
	{abi.Write, "Change the tree or metadata", `Looked at, unless everything may be written. What is not allowed fails
and is reported.`, Notify},
	{abi.Exec, "Execute a program", `Looked at if it is restricted what may be executed.`, Notify},
	{abi.Stat, "Read metadata, or go there", `Passed. Looked at only if something is hidden in a writable place, where no
mount can take its name away.`, Notify},
	{abi.Connect, "Name the address of a peer", `Looked at if there is an address, unless everything may be written and
connected to. The supervisor makes the connection, or sends the message, itself.`, 0},
	{abi.Socket, "Make a socket", `The filter passes AF_UNIX; AF_NETLINK for NETLINK_ROUTE; and, if there is a network, AF_INET
and AF_INET6 for TCP, UDP and ICMP. Every other family fails with EAFNOSUPPORT and is reported. Other types and
protocols of these families fail with ESOCKTNOSUPPORT and EPROTONOSUPPORT.`, 0},
	{abi.MultiSocket, "All socket calls of 386 in one", `The arguments are in memory, so the supervisor makes the socket, on
its copy of them. Calls that name an address are looked at as above.`, 0},
	{abi.Process, "Act on another process", `Passed in a pid namespace, where there are no others. Without one they are
looked at, unless the process is the caller by the number 0, and reach processes of the run only.`, 0},
	{abi.SysV, "System V IPC and POSIX message queues", `Passed in an IPC namespace. Without one they fail with ENOSYS, as on a
kernel without them.`, Errno(unix.ENOSYS)},
	{abi.Arguments, "Told apart by their arguments", `Decided by the filter, from registers alone.`, 0},
	{abi.Namespace, "Mounts and namespaces", `Fail with EPERM, which is what an ordinary user gets.`, Errno(unix.EPERM)},
	{abi.NoSys, "Refused with ENOSYS", `Fail as on a kernel that lacks the call: programs that use it have another way.`,
		Errno(unix.ENOSYS)},
	{abi.NoPerm, "Refused with EPERM", `Fail as for one who lacks the right.`, Errno(unix.EPERM)},
	{abi.Pass, "Passed", `Never looked at, unless a Handler of the library asks for it: they use what is open already, or
concern the process itself. A record of files notes those that are marked (random, host, cpus). Some cannot have one either, because a signal would make them fail with EINTR where programs
do not expect it: close, dup, fork, clone, wait and their like.`, Allow},
}

const manHead = `.\" Made from the table of system calls by go generate. Do not edit.
.nh
.TH "CATBOX-SYSCALLS" "7" "Nov 2026" "catbox" "Miscellaneous Information"
.SH NAME
catbox\-syscalls \- what catbox does with each system call
.SH DESCRIPTION
A command that
.BR catbox\-run (1)
runs is under a filter of system calls (\fBseccomp\fP(2)). It passes a call, fails it, or holds it until the supervisor
has looked at it. The filter sees registers only; what is in memory is the supervisor's. This page lists all calls that
catbox knows, by what is done with them.
.PP
A call with a number that catbox does not know, of the x32 ABI, or of an architecture that it was not made for, fails with
ENOSYS.
.PP
Calls that are not there on every architecture name those that have them.
`

const manTail = `.SH SEE ALSO
.BR catbox\-run (1),
.BR syscalls (2),
.BR seccomp (2),
.BR seccomp_unotify (2),
.BR landlock (7),
.BR namespaces (7)
`

// manual makes the page.
func manual() string {
	var page strings.Builder
	page.WriteString(manHead)
	for _, s := range sections {
		fmt.Fprintf(&page, ".SH %s\n%s\n", strings.ToUpper(s.title), roff(s.text))
		writeCalls(&page, s.class)
	}
	page.WriteString(manTail)
	return page.String()
}

// writeCalls lists the calls of a class: first those of which there is nothing
// more to say, then the others one by one.
func writeCalls(page *strings.Builder, class abi.Class) {
	rows := slices.SortedFunc(slices.Values(abi.Table()), func(a, b *abi.Row) int { return strings.Compare(a.Name, b.Name) })
	var plain []string
	var noted []*abi.Row
	for _, row := range rows {
		switch {
		case row.Class != class:
		case notes(row) == "":
			plain = append(plain, title(row))
		default:
			noted = append(noted, row)
		}
	}
	if len(plain) > 0 {
		fmt.Fprintf(page, ".PP\n%s\n", strings.Join(plain, ",\n"))
	}
	for _, row := range noted {
		fmt.Fprintf(page, ".TP\n%s\n%s\n", title(row), roff(notes(row)))
	}
}

// notes are the row's own and what it is marked with.
func notes(row *abi.Row) string {
	if row.Mark == "" {
		return row.Note
	}
	return strings.TrimSuffix("marked "+row.Mark+"; "+row.Note, "; ")
}

// title is the name of the call, with its architectures if it is not on all.
func title(row *abi.Row) string {
	var on []string
	all := []abi.Arch{abi.AMD64, abi.I386, abi.ARM64}
	for _, a := range all {
		if _, ok := abi.Number(a, row.Name); ok {
			on = append(on, a.String())
		}
	}
	name := `\fB` + roff(row.Name) + `\fP`
	if len(on) == len(all) {
		return name
	}
	return name + " (" + strings.Join(on, ", ") + ")"
}

// roff escapes text; a line must not begin with what roff takes as a request.
func roff(text string) string {
	text = strings.NewReplacer(`\`, `\e`, "-", `\-`).Replace(text)
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		if strings.HasPrefix(line, ".") || strings.HasPrefix(line, "'") {
			lines[i] = `\&` + line
		}
	}
	return strings.Join(lines, "\n")
}

func TestManualPage(t *testing.T) {
	want := manual()
	if *update {
		if err := os.WriteFile(manPage, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(manPage)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Errorf("%s is not what the table says: run go generate (-want +got)\n%s", manPage, diff)
	}
}

func TestManualPageListsEveryCallOnce(t *testing.T) {
	page := manual()
	for _, row := range abi.Table() {
		if n := strings.Count(page, "\n"+title(row)); n != 1 {
			t.Errorf("%s is listed %d times", row.Name, n)
		}
		if row.Note != "" && !strings.Contains(page, roff(row.Note)) {
			t.Errorf("the note of %s is missing", row.Name)
		}
	}
	if bytes.ContainsFunc([]byte(page), func(r rune) bool { return r > '~' || r < ' ' && r != '\n' }) {
		t.Error("there is more than ASCII in it")
	}
}

// The page says for whole classes what the filter does: that has to be so.
func TestManualPageAgreesWithTheFilter(t *testing.T) {
	most := full // with everything on that can be looked at
	most.Stats, most.Reads = true, true
	rules := map[string][]Rule{}
	for _, r := range Rules(most) {
		rules[r.Name] = append(rules[r.Name], r)
	}
	for _, s := range sections {
		for _, row := range abi.Table() {
			of := rules[row.Name]
			switch {
			case row.Class != s.class || s.do == 0:
			case s.do == Allow && len(of) > 0:
				t.Errorf("%s is not passed: %v", row.Name, of)
			case s.do != Allow && (len(of) != 1 || of[0].Do != s.do || len(of[0].When) > 0):
				t.Errorf("%s: %v, and the page says %v", row.Name, of, s.do)
			}
		}
	}
}
