package page

import (
	"bufio"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/catbox-go/catbox/internal/testenv"
	"github.com/catbox-go/catbox/report"
)

// browser is a chromium that is driven over a pipe: the DevTools protocol as
// objects that end in NUL, on descriptors 3 and 4 (--remote-debugging-pipe).
type browser struct {
	t       testing.TB
	in      *os.File
	out     *bufio.Reader
	id      int
	session string
	// console is what the page logged or threw.
	console []string
}

func openBrowser(t testing.TB) *browser {
	t.Helper()
	path := testenv.Command(t, "chromium")
	read, in := pipe(t)
	out, write := pipe(t)
	cmd := exec.Command(path, "--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking",
		"--disable-component-update", "--no-first-run", "--remote-debugging-pipe", "--user-data-dir="+t.TempDir())
	cmd.ExtraFiles = []*os.File{read, write}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	read.Close()
	write.Close()
	b := &browser{t: t, in: in, out: bufio.NewReaderSize(out, 1<<20)}
	t.Cleanup(func() {
		b.end(cmd)
		in.Close()
		out.Close()
	})
	b.attach()
	return b
}

func pipe(t testing.TB) (read, write *os.File) {
	t.Helper()
	read, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	return read, write
}

// end asks the browser to end, so that all its processes do.
func (b *browser) end(cmd *exec.Cmd) {
	b.session = ""
	_ = b.send("Browser.close", nil)
	done := make(chan error, 1)
	go func() { done <- cmd.Wait() }()
	select {
	case <-done:
	case <-time.After(20 * time.Second):
		_ = cmd.Process.Kill()
		<-done
	}
}

func (b *browser) attach() {
	var target struct{ TargetID string }
	b.call("Target.createTarget", object{"url": "about:blank"}, &target)
	var session struct{ SessionID string }
	b.call("Target.attachToTarget", object{"targetId": target.TargetID, "flatten": true}, &session)
	b.session = session.SessionID
	for _, domain := range []string{"Page.enable", "Runtime.enable", "Log.enable", "Network.enable"} {
		b.call(domain, nil, nil)
	}
}

type object map[string]any

func (b *browser) send(method string, params object) error {
	b.id++
	message := object{"id": b.id, "method": method}
	if params != nil {
		message["params"] = params
	}
	if b.session != "" {
		message["sessionId"] = b.session
	}
	data, err := json.Marshal(message)
	if err != nil {
		return err
	}
	_, err = b.in.Write(append(data, 0))
	return err
}

// answer is a message from the browser: an answer, or something that happened.
type answer struct {
	ID     int
	Method string
	Params json.RawMessage
	Result json.RawMessage
	Error  *struct{ Message string }
}

// call waits for the answer, and notes what the page says meanwhile.
func (b *browser) call(method string, params object, result any) {
	b.t.Helper()
	if err := b.send(method, params); err != nil {
		b.t.Fatal(err)
	}
	for {
		a, err := b.next()
		if err != nil {
			b.t.Fatalf("%s: %v", method, err)
		}
		if a.ID != b.id {
			continue
		}
		if a.Error != nil {
			b.t.Fatalf("%s: %s", method, a.Error.Message)
		}
		if result != nil {
			if err := json.Unmarshal(a.Result, result); err != nil {
				b.t.Fatal(err)
			}
		}
		return
	}
}

func (b *browser) next() (answer, error) {
	var a answer
	data, err := b.out.ReadBytes(0)
	if err != nil {
		return a, err
	}
	err = json.Unmarshal(data[:len(data)-1], &a)
	switch a.Method {
	case "Runtime.exceptionThrown", "Log.entryAdded", "Runtime.consoleAPICalled":
		b.console = append(b.console, string(a.Params))
	case "Network.requestWillBeSent":
		var request struct{ Request struct{ URL string } }
		err = errors.Join(err, json.Unmarshal(a.Params, &request))
		if url := request.Request.URL; !strings.HasPrefix(url, "file://") && !strings.HasPrefix(url, "data:") {
			b.console = append(b.console, "the page loads "+url)
		}
	}
	return a, err
}

// eval runs a script in the page and waits for its value, which has to be true.
func (b *browser) eval(script string, value any) {
	b.t.Helper()
	var result struct {
		Result           struct{ Value json.RawMessage }
		ExceptionDetails *struct {
			Exception struct{ Description string }
		}
	}
	b.call("Runtime.evaluate", object{"expression": script, "awaitPromise": true, "returnByValue": true}, &result)
	if e := result.ExceptionDetails; e != nil {
		b.t.Fatalf("%s: %s", script, e.Exception.Description)
	}
	if value != nil {
		if err := json.Unmarshal(result.Result.Value, value); err != nil {
			b.t.Fatalf("%s: %v in %s", script, err, result.Result.Value)
		}
	}
}

// until waits for a script to be true: the page does some things a little later.
func (b *browser) until(script string) {
	b.t.Helper()
	for end := time.Now().Add(10 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		var is bool
		b.eval("Boolean("+script+")", &is)
		if is {
			return
		}
		if time.Now().After(end) {
			var text string
			b.eval("document.querySelector('.view:not([hidden])').innerText.slice(0, 3000)", &text)
			b.t.Fatalf("never true: %s; the page has:\n%s", script, text)
		}
	}
}

// open shows the page of a run in a window of a width.
func (b *browser) open(r *report.Run, width int) {
	b.t.Helper()
	b.show(func(w io.Writer) error { return Write(w, r) }, width)
	b.until("document.querySelector('#nav') && !document.querySelector('#nav').hidden")
}

// show shows a page that is written to a file.
func (b *browser) show(write func(io.Writer) error, width int) {
	b.t.Helper()
	path := filepath.Join(b.t.TempDir(), "report.html")
	f, err := os.Create(path)
	if err != nil {
		b.t.Fatal(err)
	}
	if err := errors.Join(write(f), f.Close()); err != nil {
		b.t.Fatal(err)
	}
	b.size(width)
	b.call("Page.navigate", object{"url": "file://" + path}, nil)
	b.until(fmt.Sprintf("location.href === %q && document.readyState === 'complete'", "file://"+path))
}

func (b *browser) size(width int) {
	b.t.Helper()
	b.call("Emulation.setDeviceMetricsOverride", object{"width": width, "height": 800, "deviceScaleFactor": 1, "mobile": width < 500}, nil)
}

// click clicks with the mouse in the middle of an element.
func (b *browser) click(selector string) {
	b.t.Helper()
	b.until(fmt.Sprintf("document.querySelector(%q)", selector))
	var at struct{ X, Y float64 }
	b.eval(fmt.Sprintf(`(() => {
		const e = document.querySelector(%q);
		e.scrollIntoView({block: "center", inline: "center", behavior: "instant"});
		const r = e.getBoundingClientRect();
		return {X: r.x + Math.min(r.width / 2, 20), Y: r.y + r.height / 2};
	})()`, selector), &at)
	b.mouse("mousePressed", at.X, at.Y)
	b.mouse("mouseReleased", at.X, at.Y)
}

func (b *browser) mouse(kind string, x, y float64) {
	b.t.Helper()
	b.call("Input.dispatchMouseEvent", object{"type": kind, "x": x, "y": y, "button": "left", "buttons": 1, "clickCount": 1}, nil)
}

// press presses keys, by their names in the page's events.
func (b *browser) press(keys ...string) {
	b.t.Helper()
	for _, key := range keys {
		params := object{"type": "keyDown", "key": key}
		if len(key) == 1 {
			params["text"] = key
		}
		if key == "Enter" {
			params["text"] = "\r"
		}
		b.call("Input.dispatchKeyEvent", params, nil)
		b.call("Input.dispatchKeyEvent", object{"type": "keyUp", "key": key}, nil)
	}
}

// quiet fails if the page threw, logged, or loaded anything.
func (b *browser) quiet() {
	b.t.Helper()
	for _, line := range b.console {
		b.t.Errorf("the page said: %s", line)
	}
	b.console = nil
}

// picture keeps what the page looks like, if it is asked for.
func (b *browser) picture(name string) {
	b.t.Helper()
	dir := os.Getenv("CATBOX_TEST_PICTURES")
	if dir == "" {
		return
	}
	var shot struct{ Data string }
	b.call("Page.captureScreenshot", nil, &shot)
	data, err := base64.StdEncoding.DecodeString(shot.Data)
	if err != nil {
		b.t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, name+".png"), data, 0o644); err != nil {
		b.t.Fatal(err)
	}
}
