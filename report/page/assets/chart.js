// chart.js draws the timeline. Thousands of bars are redrawn for each frame: what
// lies outside, or within the pixel of the bar before it in its row, is left out.

function canvas(c, width, height) {
  const ratio = window.devicePixelRatio || 1;
  if (c.width !== Math.round(width * ratio) || c.height !== Math.round(height * ratio)) {
    c.width = Math.round(width * ratio);
    c.height = Math.round(height * ratio);
    c.style.height = height + "px";
  }
  const g = c.getContext("2d");
  g.setTransform(ratio, 0, 0, ratio, 0, 0);
  g.clearRect(0, 0, width, height);
  return g;
}

// theme reads the colors once a frame; the page may turn dark.
const theme = () => ({
  ink: color("--ink"), muted: color("--muted"), line: color("--line"), card: color("--card"), bad: color("--bad"), accent: color("--accent"),
  bars: Array.from({ length: COLORS + 1 }, (_, i) => color("--c" + i)), on: Array.from({ length: COLORS + 1 }, (_, i) => color("--on" + i)),
});

function paint(t) {
  const width = t.box.clientWidth;
  if (!width) return; // the view is not shown
  const content = t.lanes * ROW + 8, most = Math.max(200, Math.min(innerHeight * 0.66, 900));
  const height = Math.min(content + AXIS, most);
  t.box.style.height = height + 2 + "px"; // and its borders
  t.spacer.style.height = Math.max(0, content + AXIS - height) + "px";
  const g = canvas(t.canvas, width, height), colors = theme();
  g.font = "12px system-ui, sans-serif";
  g.textBaseline = "middle";
  const view = { width, height, scale: width / (t.to - t.from), top: t.box.scrollTop };
  ticks(t, g, view, colors);
  g.save();
  g.beginPath();
  g.rect(0, AXIS, width, height - AXIS);
  g.clip();
  bars(t, g, view, colors);
  if (t.selected >= 0) links(t, g, view, colors);
  for (const p of [t.hover, t.selected]) if (p >= 0) outline(t, g, view, p, colors);
  g.restore();
  paintStrip(t, colors);
  $("range").textContent = t.from <= 0 && t.to >= total ? "the whole run, " + time(total) : time(Math.round(t.from)) + " to " + time(Math.round(t.to));
}

function ticks(t, g, view, colors) {
  const wanted = (t.to - t.from) / Math.max(view.width / 110, 1), power = 10 ** Math.floor(Math.log10(wanted));
  const step = Math.max([1, 2, 5, 10].map(n => n * power).find(n => n >= wanted), 1);
  g.lineWidth = 1;
  for (let us = Math.ceil(t.from / step) * step; us <= t.to; us += step) {
    const x = Math.round((us - t.from) * view.scale) + 0.5;
    g.strokeStyle = colors.line;
    g.beginPath();
    g.moveTo(x, AXIS - 4);
    g.lineTo(x, view.height);
    g.stroke();
    g.fillStyle = colors.muted;
    g.fillText(tick(us, step), x + 4, AXIS / 2);
  }
}

// tick is a time with as many digits as the step needs.
function tick(us, step) {
  if (us === 0) return "0";
  if (step < 1000) return number(Math.round(us)) + " µs";
  if (us < 1e6 && step < 1e6) return number(Math.round(us / 1000)) + " ms";
  if (us < 6e7) return (us / 1e6).toFixed(step < 1e6 ? Math.ceil(6 - Math.log10(step)) : 0) + " s";
  return Math.floor(us / 6e7) + " min " + (us % 6e7 / 1e6).toFixed(step < 1e6 ? Math.ceil(6 - Math.log10(step)) : 0) + " s";
}

// place is where a process lies, as x, y and width.
function place(t, view, p) {
  const x = (procs.began[p] - t.from) * view.scale;
  return [x, AXIS + procs.lane[p] * ROW - view.top + 4, Math.max(procs.length[p] * view.scale, 1)];
}

function bars(t, g, view, colors) {
  const filled = new Float64Array(t.lanes).fill(-1), searching = search.words.length > 0;
  for (const p of t.order) {
    let [x, y, w] = place(t, view, p);
    if (x > view.width) break;
    if (x + w < 0 || y + ROW < AXIS || y > view.height || x + w < filled[procs.lane[p]]) continue;
    filled[procs.lane[p]] = Math.ceil(x + w) - 0.4;
    const dim = t.only >= 0 && shadeOf[p] !== t.only || searching && !t.found[p];
    const end = Math.min(x + w, view.width + 2);
    x = Math.max(x, -2);
    w = end - x;
    g.globalAlpha = dim ? 0.18 : 1;
    g.fillStyle = colors.bars[shadeOf[p]];
    g.fillRect(x, y, w > 3 ? w - 1 : w, ROW - 3);
    if (isFailed(p)) {
      g.fillStyle = colors.bad;
      g.fillRect(x, y + ROW - 6, w > 3 ? w - 1 : w, 3);
    }
    if (w > 34) caption(t, g, p, x, y, w, colors);
  }
  g.globalAlpha = 1;
}

function caption(t, g, p, x, y, w, colors) {
  g.save();
  g.beginPath();
  g.rect(x, y, w - 4, ROW);
  g.clip();
  g.fillStyle = colors.on[shadeOf[p]];
  g.fillText(w > 160 ? commandShort(p, 200) || program(p) : program(p), Math.max(x, 0) + 5, y + (ROW - 3) / 2);
  g.restore();
}

// links are curves from the processes whose files the selected one used, and to
// those that used its own.
function links(t, g, view, colors) {
  const curve = (from, to, us) => {
    const [, y1] = place(t, view, from), [, y2] = place(t, view, to), x = (us - t.from) * view.scale;
    const [x1, , w1] = place(t, view, from), start = Math.min(x, x1 + w1);
    g.beginPath();
    g.moveTo(start, y1 + ROW / 2);
    g.bezierCurveTo(start + 24, y1 + ROW / 2, Math.max(x, place(t, view, to)[0]) - 24, y2 + ROW / 2, Math.max(x, place(t, view, to)[0]), y2 + ROW / 2);
    g.stroke();
  };
  g.strokeStyle = colors.ink;
  g.globalAlpha = 0.55;
  g.lineWidth = 1.2;
  for (const e of [...edgesTo(t.selected)].slice(0, 200)) curve(edges.from[e], edges.to[e], procs.began[edges.to[e]]);
  for (const e of [...edgesFrom(t.selected)].slice(0, 200)) curve(edges.from[e], edges.to[e], procs.began[edges.to[e]]);
  g.globalAlpha = 1;
}

function outline(t, g, view, p, colors) {
  const [x, y, w] = place(t, view, p);
  g.strokeStyle = p === t.selected ? colors.ink : colors.accent;
  g.lineWidth = 2;
  g.strokeRect(x - 1, y - 1, Math.max(w, 3) + 1, ROW - 1);
}

function paintStrip(t, colors) {
  const width = t.strip.clientWidth, g = canvas(t.strip, width, STRIP), over = list(data.parallel), top = Math.max(...over, 1);
  g.fillStyle = colors.accent;
  g.globalAlpha = 0.35;
  g.beginPath();
  g.moveTo(0, STRIP);
  over.forEach((n, i) => {
    const y = STRIP - 2 - n / top * (STRIP - 14);
    g.lineTo(i / over.length * width, y);
    g.lineTo((i + 1) / over.length * width, y);
  });
  g.lineTo(width, STRIP);
  g.fill();
  g.globalAlpha = 1;
  const from = t.from / total * width, to = t.to / total * width;
  g.fillStyle = colors.card;
  g.globalAlpha = 0.7;
  g.fillRect(0, 0, from, STRIP);
  g.fillRect(to, 0, width - to, STRIP);
  g.globalAlpha = 1;
  g.strokeStyle = colors.accent;
  g.lineWidth = 1.5;
  g.strokeRect(from + 0.75, 0.75, Math.max(to - from - 1.5, 2), STRIP - 1.5);
  g.fillStyle = colors.muted;
  g.font = "11px system-ui, sans-serif";
  g.textBaseline = "top";
  g.fillText("at work at once, up to " + top.toFixed(top < 10 ? 1 : 0), 6, 4);
}
