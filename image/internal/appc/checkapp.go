package appc

import (
	"bytes"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

func (c *checker) app(a *App) {
	c.exec("app.exec", a.Exec)
	if a.User == "" {
		c.missing("app.user", `a user's name or number, or a path as in "/usr/bin/ping", whose owner it is`)
	}
	if a.Group == "" {
		c.missing("app.group", `a group's name or number, or a path as in "/usr/bin/ping", whose group it is`)
	}
	c.eventHandlers(a.EventHandlers)
	if a.WorkingDirectory != "" {
		c.absolute("app.workingDirectory", a.WorkingDirectory)
	}
	c.environment(a.Environment)
	c.mountPoints(a.MountPoints)
	for i, p := range a.Ports {
		c.port(fmt.Sprintf("app.ports[%d]", i), p)
	}
	c.isolators(a.Isolators)
}

// exec may be missing: the caller can give a command.
func (c *checker) exec(field string, words []string) {
	if words != nil && (len(words) == 0 || words[0] == "") {
		c.add(field, strings.Join(words, " "), "it has to begin with the program to run")
	}
	c.noNUL(field, words)
}

func (c *checker) noNUL(field string, words []string) {
	for i, w := range words {
		if strings.Contains(w, "\x00") {
			c.add(fmt.Sprintf("%s[%d]", field, i), w, "an argument can't hold a NUL byte")
		}
	}
}

func (c *checker) eventHandlers(handlers []EventHandler) {
	seen := map[string]bool{}
	for i, h := range handlers {
		field := fmt.Sprintf("app.eventHandlers[%d]", i)
		if h.Name != "pre-start" && h.Name != "post-stop" {
			c.add(field+".name", h.Name, "it has to be pre-start or post-stop")
		}
		if seen[h.Name] {
			c.add(field+".name", h.Name, "there is one of that name already")
		}
		seen[h.Name] = true
		if len(h.Exec) == 0 {
			c.missing(field+".exec", "the command to run")
		}
		c.exec(field+".exec", h.Exec)
	}
}

func (c *checker) environment(env []NameValue) {
	c.unique("app.environment", env, variable)
	for i, v := range env {
		if strings.Contains(v.Value, "\x00") {
			c.add(fmt.Sprintf("app.environment[%d].value", i), v.Value, "a variable can't hold a NUL byte")
		}
	}
}

func (c *checker) mountPoints(points []MountPoint) {
	seen := map[string]bool{}
	for i, p := range points {
		field := fmt.Sprintf("app.mountPoints[%d]", i)
		c.match(field+".name", p.Name, acName)
		c.absolute(field+".path", p.Path)
		if slices.Contains(strings.Split(p.Path, "/"), "..") {
			c.add(field+".path", p.Path, "the path can't have a .. component")
		}
		if seen[p.Name] {
			c.add(field+".name", p.Name, "there is one of that name already")
		}
		seen[p.Name] = true
	}
}

func (c *checker) port(field string, p Port) {
	c.match(field+".name", p.Name, acName)
	if p.Protocol == "" {
		c.missing(field+".protocol", `a protocol, as in "tcp"`)
	}
	if p.Port < 1 || p.Port > 65535 {
		c.add(field+".port", strconv.FormatInt(p.Port, 10), "a port is 1 to 65535")
	}
	if p.Count == nil {
		return
	}
	if n := *p.Count; n < 1 || n > 65536-p.Port {
		c.add(field+".count", strconv.FormatInt(n, 10), "it has to be 1 or more, and the last port 65535 at most")
	}
}

// excludes are the isolators that do not stand beside one another (ace.md, the
// notes of each; schema/types/isolator.go, Conflicts).
var excludes = map[string]string{
	"os/linux/capabilities-retain-set": "os/linux/capabilities-remove-set",
	"os/linux/seccomp-retain-set":      "os/linux/seccomp-remove-set",
}

func (c *checker) isolators(list []Isolator) {
	seen := map[string]bool{}
	for i, is := range list {
		field := fmt.Sprintf("app.isolators[%d]", i)
		c.match(field+".name", is.Name, identifier)
		if len(bytes.TrimSpace(is.Value)) == 0 {
			c.missing(field+".value", "an isolator has a name and a value")
		} else if v, err := is.Read(); err != nil {
			c.add(field+".value ("+is.Name+")", string(is.Value), err.Error())
		} else if known := v.Known; known && seen[is.Name] {
			c.add(field+".name", is.Name, "there is one of that name already")
		}
		seen[is.Name] = true
	}
	for one, other := range excludes {
		if seen[one] && seen[other] {
			c.add("app.isolators", one, "it can't stand beside "+other)
		}
	}
}
