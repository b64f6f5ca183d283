package page

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/catbox-go/catbox/record"
	"github.com/catbox-go/catbox/report"
	"github.com/catbox-go/catbox/report/internal/made"
)

func load(t testing.TB, each report.Each) *report.Run {
	t.Helper()
	r, err := report.Load(each, made.Owners{})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func html(t testing.TB, r *report.Run) string {
	t.Helper()
	var b bytes.Buffer
	if err := Write(&b, r); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// Each view does what it is for, by mouse and keyboard, wide and narrow, and the
// page neither fails, nor logs, nor loads anything.
func TestThePageInABrowser(t *testing.T) {
	b := openBrowser(t)
	r := load(t, made.Hello.Each)
	for _, width := range []int{1280, 375} {
		b.open(r, width)
		t.Run(fmt.Sprint(width), func(t *testing.T) {
			b.t = t
			defer func() { b.quiet() }()
			for _, step := range []func(*browser){summaryStep, timelineStep, filesStep, packagesStep, graphStep, violationsStep, differsStep, processesStep, searchStep, themeStep, widthStep} {
				step(b)
			}
		})
		b.t = t
	}
}

func (b *browser) tab(id string) {
	b.t.Helper()
	b.click(`#nav a[href="#` + id + `"]`)
	b.until(fmt.Sprintf("!document.querySelector('#view-%s').hidden && document.querySelectorAll('.view:not([hidden])').length === 1", id))
	b.picture(fmt.Sprintf("%s-%s", strings.ReplaceAll(b.t.Name(), "/", "-"), id))
}

func summaryStep(b *browser) {
	b.until("document.querySelectorAll('.card').length === 8")
	b.until("document.querySelector('.bars li').innerText.includes('cc1')")
	b.click(".bars li button")
	b.until("document.querySelector('#details h2').innerText === 'cc1' && !document.querySelector('#details').hidden")
	b.press("Escape")
	b.until("document.querySelector('#details').hidden && document.activeElement.matches('.bars li button')")
}

// The timeline is moved in and looked at by keyboard, which says what is selected.
func timelineStep(b *browser) {
	b.tab("timeline")
	b.eval("document.querySelector('canvas.chart').focus()", nil)
	b.press("ArrowRight")
	b.until("document.querySelector('#say').innerText.startsWith('sh, ')")
	b.press("ArrowDown")
	b.until("document.querySelector('#say').innerText.startsWith('configure, ')")
	b.press("ArrowDown", "ArrowDown")
	b.until("document.querySelector('#say').innerText.startsWith('cc1, ')")
	b.press("+", "+")
	b.until("document.querySelector('#range').innerText.includes(' to ')")
	b.picture(strings.ReplaceAll(b.t.Name(), "/", "-") + "-zoomed")
	b.press("0")
	b.until("document.querySelector('#range').innerText.startsWith('the whole run')")
	b.press("Enter")
	b.until("document.querySelector('#details h2').innerText === 'cc1'")
	b.until("document.querySelector('#details').innerText.includes('conftest.c')")
	b.picture(strings.ReplaceAll(b.t.Name(), "/", "-") + "-details")
	b.press("Escape")
	// The first bar is the command itself.
	var at struct{ X, Y float64 }
	b.eval(`(() => { const r = document.querySelector("canvas.chart").getBoundingClientRect(); return {X: r.x + r.width / 2, Y: r.y + 30}; })()`, &at)
	b.mouse("mouseMoved", at.X, at.Y)
	b.until("!document.querySelector('#tip').hidden && document.querySelector('#tip').innerText.includes('./configure')")
	b.mouse("mousePressed", at.X, at.Y)
	b.mouse("mouseReleased", at.X, at.Y)
	b.until("document.querySelector('#details h2').innerText === 'sh'")
	b.press("Escape")
	b.mouse("mouseMoved", 1, 1)
}

func filesStep(b *browser) {
	b.tab("files")
	b.until("document.querySelector('.tree').innerText.includes('zlib.h') === false")
	b.click(".tree button[aria-expanded=false]")
	b.until("document.querySelectorAll('.tree li').length > 10")
	b.click("input[value=package]")
	b.until("document.querySelector('.tree').innerText.includes('libc6-dev')")
	b.click("input[value=table]")
	b.until("document.querySelector('.tree table tbody tr')")
	b.click(".tree tbody .link")
	b.until("!document.querySelector('#details').hidden && document.querySelector('#details').innerText.includes('What it was')")
	b.press("Escape")
}

func packagesStep(b *browser) {
	b.tab("packages")
	b.until("document.querySelector('#view-packages tbody').innerText.includes('read by cc1 ← gcc ← configure ← sh')")
	b.click("#view-packages thead th:nth-child(4) button")
	b.until("document.querySelector('#view-packages th[aria-sort]').innerText.startsWith('Files')")
}

func graphStep(b *browser) {
	b.tab("graph")
	b.until("document.querySelectorAll('svg.graph .node').length === 6")
	b.click("#view-graph input[value=directory]")
	b.until("document.querySelectorAll('svg.graph .node').length === 0 && document.querySelector('#view-graph .info').innerText.includes('within one')")
	b.click("#view-graph input[value=process]")
	b.until("document.querySelectorAll('svg.graph .node').length > 60")
	b.picture(strings.ReplaceAll(b.t.Name(), "/", "-") + "-each")
	b.click("#view-graph input[value=program]")
	b.until("[...document.querySelectorAll('#view-graph tbody tr')].some(e => e.innerText.replace(/\\s+/g, ' ').startsWith('as ld 12'))")
	b.eval("document.querySelector('svg.graph .node').focus()", nil)
	b.press("Enter")
	b.until("!document.querySelector('#details').hidden")
	b.press("Escape")
}

func violationsStep(b *browser) {
	b.tab("violations")
	for _, text := range []string{"/home/me/.bashrc", "192.0.2.1:443", "io_uring"} {
		b.until(fmt.Sprintf("document.querySelector('#view-violations').innerText.includes(%q)", text))
	}
}

// What may differ is said in the summary, listed by program, and told of the process.
func differsStep(b *browser) {
	b.tab("summary")
	b.click(`.notices a[href="#differs"]`)
	b.until("!document.querySelector('#view-differs').hidden && document.activeElement.id === 'differs-title'")
	b.tab("differs")
	for _, text := range []string{"/etc/localtime", "sched_getaffinity()"} {
		b.until(fmt.Sprintf("document.querySelector('#view-differs').innerText.includes(%q)", text))
	}
	b.until("[...document.querySelectorAll('#view-differs tbody tr')].some(e => e.innerText.replace(/\\s+/g, ' ').startsWith('sysinfo() cc1 host 52 156'))")
	b.click("#view-differs tbody tr:nth-child(2) td:nth-child(2) .link")
	b.until("document.querySelector('#details').innerText.includes('sysinfo()') && document.querySelectorAll('#details tbody tr').length === 50")
	b.press("Escape")
	b.until("document.activeElement.matches('#view-differs tbody tr:nth-child(2) .link')")
	b.click("#view-differs tbody tr:last-child td:nth-child(2) .link")
	b.until("document.querySelector('#details h2').innerText === 'make' && document.querySelector('#details').innerText.includes('sched_getaffinity() (cpus) ×2')")
	b.press("Escape")
}

func processesStep(b *browser) {
	b.tab("processes")
	b.until("document.querySelectorAll('#view-processes tbody tr').length === 100")
	b.click("#view-processes .more")
	b.until("document.querySelectorAll('#view-processes tbody tr').length === 188")
	b.tab("slow")
	b.until("document.querySelector('#view-slow').innerText.includes('sed s/x/y/')")
}

func searchStep(b *browser) {
	b.press("/")
	b.until("document.activeElement.id === 'search'")
	b.eval("(() => { const e = document.querySelector('#search'); e.value = 'zlib.h'; e.dispatchEvent(new Event('input')); })()", nil)
	b.until("document.querySelector('#found').innerText.includes('1 in files')")
	b.tab("files")
	b.until("document.querySelector('#view-files .info').innerText === '1 file match' || document.querySelector('#view-files .info').innerText === '1 file matches'")
	b.eval("document.querySelector('#search').focus()", nil)
	b.press("Escape")
	b.until("document.querySelector('#found').innerText === ''")
}

func themeStep(b *browser) {
	b.click("#theme")
	b.until("document.documentElement.dataset.theme === 'dark'")
	b.tab("timeline")
	b.picture(strings.ReplaceAll(b.t.Name(), "/", "-") + "-dark")
	b.click("#theme")
	b.click("#theme")
	b.until("!document.documentElement.dataset.theme")
}

// No view is wider than the window, nor has a control without a name.
func widthStep(b *browser) {
	for _, view := range views {
		b.tab(view.ID)
		b.until("document.documentElement.scrollWidth <= innerWidth")
		b.until("[...document.querySelectorAll('button, a, input, canvas, [role=button]')].filter(e => e.checkVisibility()).every(e => (e.textContent || '').trim() || e.getAttribute('aria-label') || e.labels && e.labels.length)")
		b.until("[...document.querySelectorAll('table')].every(t => t.caption && t.querySelector('th[scope=col]'))")
	}
}

// A page of many processes and accesses answers fast.
func TestABigPageIsFluent(t *testing.T) {
	b := openBrowser(t)
	b.open(load(t, made.Build{Checks: 700, Sources: 950, Jobs: 8, Headers: 25, Flag: "-O2"}.Each), 1280)
	b.tab("timeline")
	var frame float64
	b.eval(`(async () => {
		const chart = document.querySelector("canvas.chart"), times = [];
		chart.focus();
		for (let i = 0; i < 30; i++) {
			chart.dispatchEvent(new WheelEvent("wheel", {ctrlKey: true, deltaY: i < 15 ? -60 : 60, clientX: 600, clientY: 500, cancelable: true}));
			const before = performance.now();
			await new Promise(f => requestAnimationFrame(() => setTimeout(f)));
			times.push(performance.now() - before);
		}
		return times.sort((a, b) => a - b)[15];
	})()`, &frame)
	if frame > 100 {
		t.Errorf("a frame of the timeline takes %.0f ms", frame)
	}
	start := time.Now()
	b.eval("(() => { const e = document.querySelector('#search'); e.value = 'header7'; e.dispatchEvent(new Event('input')); })()", nil)
	b.until("document.querySelector('#found').innerText.includes('in files')")
	if took := time.Since(start); took > 3*time.Second {
		t.Errorf("a search takes %v", took)
	}
	b.quiet()
	t.Logf("frame %.1f ms", frame)
}

// hostile are names by which a command may try to become part of the page.
var hostile = []string{
	"</script><script>alert(1)</script>", "<!--<script>", "<img src=x onerror=alert(1)>", "]]>", "{{.}}", "\"'><b>", "javascript:alert(1)",
	"\xff\xfe", "a\nb", "\x1b[2J", "\u202egnp.exe", "\u2028", "\x00", "constructor", "__proto__", "toString", "", "\\", "</style>", "<![CDATA[",
}

// named is a run in which everything has a hostile name.
func named(names []string) report.Each {
	return func(f func(record.Event) error) error {
		now := made.Zero
		events := []record.Event{record.Start{Time: now, Args: names, Dir: strings.Join(names, ""), Version: names[0], System: names[0]}}
		for i, name := range names {
			id := int64(i + 1)
			events = append(events, record.Process{ID: id, Parent: id - 1, PID: i, Time: now},
				record.Image{ID: id, Process: id, Time: now, Path: "/" + name, Args: []string{name, name}, Dir: name},
				record.Access{Image: id, Class: record.ClassCreate, Path: "/made/" + name, Count: 1, First: now, Last: now},
				record.Network{Image: id, Operation: record.Connect, Destination: name, First: now},
				record.Violation{Seq: i, Time: now, Operation: record.Write, Action: record.Denied, Path: name, Canonical: name, Program: name},
				record.Blind{Time: now, What: name, By: name})
			for _, of := range names[:i] {
				events = append(events, record.Access{Image: id, Class: record.ClassRead, Path: "/made/" + of, Made: true, First: now.Add(time.Second), Last: now},
					record.Access{Image: id, Class: record.ClassSymlink, Path: of, To: name, First: now, Last: now})
			}
		}
		for _, e := range append(events, record.End{Time: now.Add(time.Minute)}) {
			if err := f(e); err != nil {
				return err
			}
		}
		return nil
	}
}

func TestHostileNamesStayText(t *testing.T) {
	b := openBrowser(t)
	b.open(load(t, named(hostile)), 1280)
	b.until("document.scripts.length === 2 && document.querySelectorAll('img, b').length === 0")
	for _, view := range views {
		b.tab(view.ID)
		b.until("document.querySelectorAll('script').length === 2 && document.querySelectorAll('img, b').length === 0")
	}
	b.until(fmt.Sprintf("document.querySelector('#view-violations').innerText.includes(%q)", hostile[0]))
	b.quiet()
}

// checkPage tells whether the elements of the page are those that it is to have.
func checkPage(t testing.TB, page string) {
	t.Helper()
	for _, tag := range []string{"<script", "</script", "<style", "</style", "<!--"} {
		want := map[string]int{"<script": 2, "</script": 2, "<style": 1, "</style": 1}[tag]
		if n := strings.Count(strings.ToLower(page), tag); n != want {
			t.Errorf("%q is there %d times, want %d", tag, n, want)
		}
	}
	_, rest, _ := strings.Cut(page, `id="data">`)
	text, _, _ := strings.Cut(rest, "</script>")
	var d data
	if err := json.Unmarshal([]byte(text), &d); err != nil {
		t.Error(err)
	}
}

func TestNoNameBecomesMarkup(t *testing.T) { checkPage(t, html(t, load(t, named(hostile)))) }

func FuzzNames(f *testing.F) {
	for _, name := range hostile {
		f.Add(name, "x")
	}
	f.Fuzz(func(t *testing.T, a, b string) {
		r, err := report.Load(named([]string{a, b, a + b}), nil)
		if err != nil {
			t.Fatal(err)
		}
		checkPage(t, html(t, r))
	})
}

// The page of a record is small enough to be opened, and there within seconds.
func BenchmarkMillionAccesses(b *testing.B) {
	build := made.Build{Checks: 500, Sources: 2200, Jobs: 8, Headers: 150, Flag: "-O2"}
	for b.Loop() {
		r := load(b, build.Each)
		var size counter
		if err := Write(&size, r); err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(float64(len(r.Accesses)), "accesses")
		b.ReportMetric(float64(size), "bytes")
	}
}

type counter int

func (c *counter) Write(p []byte) (int, error) { *c += counter(len(p)); return len(p), nil }

// A difference is a page of its own, without a script.
func TestADifferenceInABrowser(t *testing.T) {
	b := openBrowser(t)
	other := made.Hello
	other.Flag, other.Extra, other.Sources = "-O3", "CFLAGS=-O3", other.Sources+1
	for i, d := range []*report.Difference{
		report.Compare(load(t, made.Hello.Each), load(t, other.Each)),
		report.Compare(load(t, named(hostile)), load(t, named(hostile[:9]))),
		report.Compare(load(t, made.Hello.Each), load(t, made.Hello.Each)),
	} {
		for _, width := range []int{1280, 375} {
			b.show(func(w io.Writer) error { return WriteDiff(w, d) }, width)
			b.until("document.querySelectorAll('.card').length === 9 && document.scripts.length === 0 && document.querySelectorAll('img, b').length === 0")
			b.until("document.documentElement.scrollWidth <= innerWidth")
			b.picture(fmt.Sprintf("diff-%d-%d", i, width))
		}
	}
	b.until("document.querySelector('.same').innerText.startsWith('They did the same')")
	b.quiet()
}

func TestAFullDiskIsAnError(t *testing.T) {
	r := load(t, made.Hello.Each)
	if err := Write(full{}, r); !errors.Is(err, io.ErrShortWrite) {
		t.Errorf("got %v", err)
	}
	if err := WriteDiff(full{}, report.Compare(r, r)); !errors.Is(err, io.ErrShortWrite) {
		t.Errorf("got %v", err)
	}
}

type full struct{}

func (full) Write([]byte) (int, error) { return 0, io.ErrShortWrite }
