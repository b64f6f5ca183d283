// The timeline: what is shown of it, and how one moves in it. chart.js draws.

const ROW = 18, AXIS = 22, STRIP = 44;

function timeline(section) {
  const lanes = procs.lane.reduce((n, lane) => Math.max(n, lane + 1), 1);
  const t = {
    from: 0, to: total, lanes, selected: -1, hover: -1, only: -1, // only: the color that is not dimmed
    order: [...Array(count.procs).keys()].sort((a, b) => procs.began[a] - procs.began[b] || a - b),
    canvas: h("canvas", {
      class: "chart", tabindex: 0, role: "application", "aria-roledescription": "timeline", "aria-describedby": "timeline-help",
      "aria-label": "Timeline of " + plural(count.procs, "process", "processes") + " in " + time(data.length),
    }),
    strip: h("canvas", { class: "strip", role: "img", "aria-label": "How many processes were at work, over the run. The part that is shown below is marked." }),
  };
  t.spacer = h("div", { class: "spacer" });
  t.box = h("div", { class: "chartbox" }, t.canvas, t.spacer);
  const act = (name, f) => h("button", { type: "button", class: "quiet", onclick: f }, name);
  section.append(
    h("p", { class: "lead" }, "Each bar is a process, below the one that started it. What lies side by side in a row ran one after another; what lies below each other ran at once."),
    h("div", { class: "bar" },
      act("Zoom in", () => zoom(t, 0.5)), act("Zoom out", () => zoom(t, 2)), act("Whole run", () => { show(t, 0, total); }),
      h("span", { class: "range muted", id: "range" })),
    legend(t), t.strip, t.box,
    h("p", { class: "help muted", id: "timeline-help" },
      "Keyboard, when the timeline has the focus: left and right choose the process before and after, up its parent, down its first child; Enter opens it; + and − zoom, Shift with left and right moves, 0 shows the whole run. ",
      "Mouse: drag to move, Ctrl and the wheel zoom, a double click zooms to a process. Touch: drag, and pinch. The same is in the ",
      h("a", { href: "#processes" }, "table of processes"), "."));
  listen(t);
  t.draw = () => { if (!t.pending) { t.pending = true; requestAnimationFrame(() => { t.pending = false; paint(t); }); } };
  new ResizeObserver(t.draw).observe(t.box);
  t.box.addEventListener("scroll", t.draw, { passive: true });
  return t;
}

function legend(t) {
  const items = [...shade.top.map(([name, own], i) => [name, i, own]), ...(shade.top.length === COLORS ? [["others", COLORS, -1]] : [])];
  const buttons = items.map(([name, n, own]) => h("button", {
    type: "button", class: "chip", "aria-pressed": "false", onclick: e => {
      t.only = t.only === n ? -1 : n;
      buttons.forEach(b => b.setAttribute("aria-pressed", String(b === e.currentTarget && t.only === n)));
      t.draw();
    },
  }, swatch(n), name, own >= 0 ? h("span", { class: "muted" }, time(own)) : null));
  return h("div", { class: "legend", role: "group", "aria-label": "Show only a program" }, buttons);
}

// show sets the part of the run that is seen, within the run and not below 20 µs.
function show(t, from, to) {
  const width = Math.min(Math.max(to - from, 20), total);
  from = Math.min(Math.max(from, 0), total - width);
  const target = [from, from + width];
  if (calm() || t.still) {
    [t.from, t.to] = target;
    return t.draw();
  }
  const start = performance.now(), origin = [t.from, t.to];
  t.motion = start;
  const step = now => {
    if (t.motion !== start) return;
    const k = Math.min((now - start) / 180, 1), ease = 1 - (1 - k) ** 3;
    t.from = origin[0] + (target[0] - origin[0]) * ease;
    t.to = origin[1] + (target[1] - origin[1]) * ease;
    t.draw();
    if (k < 1) requestAnimationFrame(step);
  };
  requestAnimationFrame(step);
}

const jump = (t, from, to) => { t.motion = 0; t.still = true; show(t, from, to); t.still = false; };
function zoom(t, by, at = (t.from + t.to) / 2, now = false) {
  (now ? jump : show)(t, at - (at - t.from) * by, at + (t.to - at) * by);
}

function zoomTo(t, p) {
  const margin = Math.max(procs.length[p], 20) * 0.15;
  show(t, procs.began[p] - margin, procs.began[p] + procs.length[p] + margin);
  const y = procs.lane[p] * ROW;
  if (y < t.box.scrollTop || y > t.box.scrollTop + t.box.clientHeight - AXIS - 2 * ROW) t.box.scrollTop = Math.max(0, y - t.box.clientHeight / 3);
}

function select(t, p, opener) {
  t.selected = p;
  say(program(p) + ", " + commandShort(p, 120) + ", began " + time(procs.began[p]) + ", took " + time(procs.length[p]) + (isFailed(p) ? ", failed" : ""));
  const x = procs.began[p], y = procs.lane[p] * ROW;
  if (x + procs.length[p] < t.from || x > t.to) jump(t, x - (t.to - t.from) / 2, x + (t.to - t.from) / 2);
  if (y < t.box.scrollTop || y > t.box.scrollTop + t.box.clientHeight - AXIS - ROW) t.box.scrollTop = Math.max(0, y - t.box.clientHeight / 2);
  t.draw();
  if (opener) openProcess(p, opener);
}

function listen(t) {
  const pointers = new Map();
  let moved = 0, pinch = 0;
  const perPixel = () => (t.to - t.from) / t.canvas.clientWidth;
  const at = e => t.from + (e.clientX - t.canvas.getBoundingClientRect().left) * perPixel();
  t.canvas.addEventListener("pointerdown", e => {
    pointers.set(e.pointerId, e);
    moved = 0;
    pinch = 0;
    t.canvas.setPointerCapture(e.pointerId);
  });
  t.canvas.addEventListener("pointermove", e => {
    const before = pointers.get(e.pointerId);
    if (!before) return hover(t, e);
    pointers.set(e.pointerId, e);
    if (pointers.size === 2) {
      const [a, b] = [...pointers.values()], distance = Math.abs(a.clientX - b.clientX);
      if (pinch > 8 && distance > 8) zoom(t, pinch / distance, (at(a) + at(b)) / 2, true);
      pinch = distance;
      moved = 99;
      return;
    }
    moved += Math.abs(e.clientX - before.clientX) + Math.abs(e.clientY - before.clientY);
    if (moved < 4) return;
    const by = (before.clientX - e.clientX) * perPixel();
    jump(t, t.from + by, t.to + by);
    if (e.pointerType === "mouse") t.box.scrollTop += before.clientY - e.clientY;
    hover(t, null);
  });
  const up = e => {
    pointers.delete(e.pointerId);
    if (e.type === "pointerup" && moved < 4) {
      const p = under(t, e);
      if (p >= 0) select(t, p, t.canvas);
    }
  };
  t.canvas.addEventListener("pointerup", up);
  t.canvas.addEventListener("pointercancel", up);
  t.canvas.addEventListener("pointerleave", () => hover(t, null));
  t.canvas.addEventListener("dblclick", e => { const p = under(t, e); if (p >= 0) zoomTo(t, p); });
  t.canvas.addEventListener("wheel", e => {
    if (e.ctrlKey || e.metaKey) zoom(t, Math.exp(e.deltaY * (e.deltaMode ? 0.05 : 0.004)), at(e), true);
    else if (e.shiftKey || Math.abs(e.deltaX) > Math.abs(e.deltaY)) {
      const by = (e.deltaX || e.deltaY) * perPixel();
      jump(t, t.from + by, t.to + by);
    } else return;
    e.preventDefault();
  }, { passive: false });
  t.canvas.addEventListener("keydown", e => key(t, e));
  const brush = e => {
    if (!(e.buttons & 1)) return;
    const middle = (e.clientX - t.strip.getBoundingClientRect().left) / t.strip.clientWidth * total, half = (t.to - t.from) / 2;
    jump(t, middle - half, middle + half);
  };
  t.strip.addEventListener("pointerdown", e => { t.strip.setPointerCapture(e.pointerId); brush(e); });
  t.strip.addEventListener("pointermove", brush);
}

function key(t, e) {
  if (e.ctrlKey || e.metaKey || e.altKey) return;
  const width = t.to - t.from, s = t.selected;
  const go = p => { if (p >= 0 && p !== undefined) select(t, p); };
  const neighbor = by => s < 0 ? t.order[0] : t.order[t.order.indexOf(s) + by];
  const keys = {
    ArrowRight: () => e.shiftKey ? show(t, t.from + width / 4, t.to + width / 4) : go(neighbor(1)),
    ArrowLeft: () => e.shiftKey ? show(t, t.from - width / 4, t.to - width / 4) : go(neighbor(-1)),
    ArrowUp: () => go(s < 0 ? t.order[0] : procs.up[s]),
    ArrowDown: () => go(s < 0 ? t.order[0] : childrenOf(s)[0]),
    Enter: () => { if (s >= 0) openProcess(s, t.canvas); },
    "+": () => zoom(t, 0.5), "=": () => zoom(t, 0.5), "-": () => zoom(t, 2), "0": () => show(t, 0, total), Home: () => show(t, 0, total),
    z: () => { if (s >= 0) zoomTo(t, s); },
  };
  if (!keys[e.key]) return;
  e.preventDefault();
  keys[e.key]();
}

// find is the process at a point, the one that began last if bars are narrower than a pixel.
function under(t, e) {
  const box = t.canvas.getBoundingClientRect(), x = e.clientX - box.left, y = e.clientY - box.top - AXIS;
  if (y < 0) return -1;
  const lane = Math.floor((y + t.box.scrollTop) / ROW), per = (t.to - t.from) / t.canvas.clientWidth, at = t.from + x * per;
  let best = -1, nearest = 3 * per;
  for (let p = 0; p < count.procs; p++) {
    if (procs.lane[p] !== lane) continue;
    const off = Math.max(procs.began[p] - at, at - procs.began[p] - procs.length[p], 0);
    if (off <= nearest) [best, nearest] = [p, off];
  }
  return best;
}

function hover(t, e) {
  const p = e ? under(t, e) : -1, tip = $("tip");
  tip.hidden = p < 0;
  t.canvas.classList.toggle("over", p >= 0);
  if (p >= 0) {
    if (p !== t.hover) tip.replaceChildren(h("strong", {}, swatch(shadeOf[p]), program(p)), h("code", {}, commandShort(p, 240)),
      h("span", {}, time(procs.length[p]) + ", by itself " + time(procs.own[p]) + (procs.cpu[p] >= 0 ? ", processor " + time(procs.cpu[p]) : "")),
      h("span", { class: "muted" }, "at " + time(procs.began[p]) + ", pid " + procs.pid[p] + (isFailed(p) ? ", exit status " + status(p) : "")));
    tip.style.left = Math.max(8, Math.min(e.clientX + 14, innerWidth - tip.offsetWidth - 8)) + "px";
    tip.style.top = (e.clientY + tip.offsetHeight + 24 > innerHeight ? e.clientY - tip.offsetHeight - 12 : e.clientY + 16) + "px";
  }
  if (p !== t.hover) { t.hover = p; t.draw(); }
}
