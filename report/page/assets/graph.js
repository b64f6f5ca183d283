// The graph of who used what others made. Processes are put together by program,
// or by the directory in which they ran: thousands of them say nothing one by one.

const MOST_NODES = 48, MOST_PROCESSES = 120;

function graphView(section) {
  const v = { by: "program", view: null, dirty: true };
  const involved = new Set([...edges.from, ...edges.to]);
  const choices = [["program", "By program"], ["directory", "By directory"], ["process", "Each process"]];
  const radios = choices.map(([id, name]) => h("label", { class: "choice" }, h("input", { type: "radio", name: "graph-by", value: id, checked: id === v.by, onchange: () => { v.by = id; v.draw(); } }), name));
  const info = h("p", { class: "info", role: "status" }), box = h("div", { class: "graphbox" });
  const act = (name, f) => h("button", { type: "button", class: "quiet", onclick: f }, name);
  section.append(
    h("p", { class: "lead" }, "An arrow leads from what made files to what used them; the number is how many files."),
    h("div", { class: "bar" }, h("fieldset", { class: "choices" }, h("legend", { class: "hide" }, "Put processes together"), radios),
      act("Zoom in", () => scale(v, 0.8)), act("Zoom out", () => scale(v, 1.25)), act("Fit", () => fit(v))), info, box);
  if (!count.edges) info.textContent = "No process used what another one made, or files were not recorded.";
  const edgeTable = table({
    caption: "Producers and consumers", rows: () => v.links || [], label: "arrow", sort: [2, true],
    haystack: l => l.from + " " + l.to + " " + l.text(), columns: [
      { name: "Made by", text: l => l.from, node: l => nodeLink(v, l.from) }, { name: "Used by", text: l => l.to, node: l => nodeLink(v, l.to) },
      { name: "Files", kind: "number", text: l => number(l.files.size), value: l => l.files.size },
      { name: "For example", kind: "path", text: l => path(l.files.values().next().value), node: l => fileLink(l.files.values().next().value) },
    ],
  });
  section.append(h("h3", {}, "The same as a table"), edgeTable.root);

  v.draw = () => {
    v.dirty = false;
    const g = collapse(v.by);
    v.links = g.links;
    edgeTable.update();
    if (!g.nodes.length) {
      if (count.edges) info.textContent = search.words.length ? "Nothing here matches the search." : "All that was made was used within one of these.";
      v.svg = null;
      box.style.height = "";
      return box.replaceChildren();
    }
    info.textContent = plural(g.nodes.length, "node") + ", " + plural(g.links.length, "arrow") + " between " + plural(involved.size, "process", "processes") + (g.note ? "; " + g.note : "");
    drawGraph(v, box, g);
  };
  v.update = () => {
    if (!section.hidden) v.draw(); else v.dirty = true;
    return edgeTable.matches();
  };
  v.shown = () => { if (v.dirty) v.draw(); };
  v.matches = () => { v.links ||= collapse(v.by).links; return edgeTable.matches(); };
  return v;
}

const nodeLink = (v, name) => v.by === "program" ? h("button", { type: "button", class: "link", onclick: e => openProgram(name, e.currentTarget) }, swatch(shade.of(name)), name) : name;

// collapse makes nodes and links; beyond the most that one can look at, the lightest nodes become one.
function collapse(by) {
  const key = { program, directory: p => procs.main[p] < 0 ? "?" : strings[images.dir[procs.main[p]]] || "?", process: p => program(p) + " " + procs.pid[p] }[by];
  const nodes = new Map(), links = new Map();
  const names = new Map();
  const named = p => { if (!names.has(p)) names.set(p, key(p)); return names.get(p); };
  const weight = new Map();
  const keep = [];
  for (let e = 0; e < count.edges; e++) {
    const a = named(edges.from[e]), b = named(edges.to[e]);
    if (a === b || search.words.length && !search.has(a + " " + b + " " + path(edges.path[e]))) continue;
    keep.push(e);
    for (const n of [a, b]) weight.set(n, (weight.get(n) || 0) + 1);
  }
  const most = by === "process" ? MOST_PROCESSES : MOST_NODES;
  const heavy = new Set([...weight].sort((a, b) => b[1] - a[1]).slice(0, most).map(n => n[0]));
  const final = p => heavy.has(named(p)) ? named(p) : "others";
  for (const e of keep) {
    const from = final(edges.from[e]), to = final(edges.to[e]);
    for (const [id, p] of [[from, edges.from[e]], [to, edges.to[e]]]) {
      if (!nodes.has(id)) nodes.set(id, { id, procs: new Set(), shade: id === "others" || by === "directory" ? COLORS : shadeOf[p] });
      nodes.get(id).procs.add(p);
    }
    if (from === to) continue;
    const k = from + "\0" + to;
    if (!links.has(k)) links.set(k, { from, to, files: new Set(), text: () => [...links.get(k).files].slice(0, 50).map(path).join(" ") });
    links.get(k).files.add(edges.path[e]);
  }
  const left = weight.size - heavy.size;
  return { nodes: [...nodes.values()], links: [...links.values()], note: left > 0 ? "the " + plural(left, "lightest node") + " are one" : "" };
}

function drawGraph(v, box, g) {
  for (const n of g.nodes) {
    n.label = n.id.length > 34 ? "…" + n.id.slice(-33) : n.id;
    n.width = 38 + Math.max(n.label.length * 7.4, 30) + (n.procs.size > 1 ? (number(n.procs.size).length + 1) * 7.4 + 6 : 0);
    n.height = 32;
  }
  const down = box.parentNode.clientWidth < 700; // a phone is higher than wide
  const placed = layered(g.nodes, g.links, down);
  const svg = (name, props, ...children) => h(name, { ...props, svg: true }, ...children);
  const arrow = svg("marker", { id: "arrow", viewBox: "0 0 8 8", refX: 7, refY: 4, markerWidth: 7, markerHeight: 7, markerUnits: "userSpaceOnUse", orient: "auto-start-reverse" }, svg("path", { d: "M0 0 8 4 0 8z", class: "arrowhead" }));
  const lines = placed.edges.map(e => {
    const width = 1 + Math.min(Math.log2(e.link.files.size + 1), 8) * 0.6;
    const line = svg("path", { class: "edge", d: curve(e, down), "stroke-width": width, [e.turned ? "marker-start" : "marker-end"]: "url(#arrow)", "data-from": e.link.from, "data-to": e.link.to });
    const n = Math.floor(e.points.length / 2), [x1, y1] = port(e.points[n - 1], true, down), [x2, y2] = port(e.points[n], false, down);
    const x = (x1 + x2) / 2, y = (y1 + y2) / 2;
    return [line, svg("text", { class: "edgelabel", x, y: y - 4, "text-anchor": "middle" }, number(e.link.files.size))];
  });
  const nodes = placed.items.map(({ node, x, y }) => {
    const open = () => v.by === "program" && node.id !== "others" ? openProgram(node.id) : node.procs.size === 1 ? openProcess([...node.procs][0]) : openGroup(node);
    const group = svg("g", {
      class: "node", tabindex: 0, role: "button", "aria-label": node.id + ", " + plural(node.procs.size, "process", "processes"),
      onclick: open, onkeydown: e => { if (e.key === "Enter" || e.key === " ") { e.preventDefault(); open(); } },
      onfocus: () => near(svgBox, node.id), onblur: () => near(svgBox, null), onpointerenter: () => near(svgBox, node.id), onpointerleave: () => near(svgBox, null),
    }, svg("title", {}, node.id),
    svg("rect", { x, y, width: node.width, height: node.height, rx: 7 }), svg("circle", { cx: x + 14, cy: y + 16, r: 5, style: { fill: "var(--c" + node.shade + ")" } }),
    svg("text", { x: x + 25, y: y + 20.5 }, node.label),
    node.procs.size > 1 ? svg("text", { class: "times", x: x + node.width - 8, y: y + 20.5, "text-anchor": "end" }, "×" + number(node.procs.size)) : null);
    return group;
  });
  const svgBox = svg("svg", { class: "graph", role: "group", "aria-label": "Graph of producers and consumers" }, svg("defs", {}, arrow), lines.map(l => l[0]), nodes, lines.map(l => l[1]));
  v.svg = svgBox;
  v.size = [placed.width, placed.height];
  box.replaceChildren(svgBox);
  drag(v, box);
  fit(v);
}

// port is where edges leave an item, or come in.
function port(item, leave, down) {
  if (down) return [item.x + item.width / 2, item.y + (leave ? item.height : 0)];
  return [item.x + (leave ? item.width : 0), item.y + item.height / 2];
}

function curve(e, down) {
  let d = "";
  for (let i = 1; i < e.points.length; i++) {
    const [x1, y1] = port(e.points[i - 1], true, down), [x2, y2] = port(e.points[i], false, down);
    const [a, b] = down ? [[x1, (y1 + y2) / 2], [x2, (y1 + y2) / 2]] : [[(x1 + x2) / 2, y1], [(x1 + x2) / 2, y2]];
    d += (i === 1 ? "M" : "L") + x1 + " " + y1 + "C" + [...a, ...b, x2, y2].join(" ");
  }
  return d;
}

const openGroup = node => showDetails(() => ({ title: node.id, parts: [heading(plural(node.procs.size, "process", "processes")), linked([...node.procs], processLink, 40)] }));

function near(svg, id) {
  svg.classList.toggle("focused", id !== null);
  for (const e of svg.querySelectorAll(".edge")) e.classList.toggle("on", e.dataset.from === id || e.dataset.to === id);
}

// fit shows all of the graph, but no larger than it is and not so small that nothing can be read.
function fit(v) {
  if (!v.svg) return;
  const box = v.svg.parentNode, width = box.clientWidth || 800, [w, height] = v.size;
  const k = Math.min(Math.max(w / width, 1), width < 700 ? 1.15 : 1.7), most = Math.max(320, innerHeight * 0.62);
  const tall = Math.min(Math.max(height / k, 160), most);
  box.style.height = tall + "px";
  v.view = [Math.min(0, (w - width * k) / 2), Math.min(0, (height - tall * k) / 2), width * k, tall * k];
  setView(v);
}
const setView = v => v.svg.setAttribute("viewBox", v.view.join(" "));
function scale(v, by, at) {
  if (!v.view) return;
  const [x, y, w, height] = v.view, [fx, fy] = at || [0.5, 0.5];
  if (w * by < 100 || w * by > 40 * Math.max(...v.size)) return;
  v.view = [x + w * fx * (1 - by), y + height * fy * (1 - by), w * by, height * by];
  setView(v);
}

function drag(v, box) {
  const place = e => { const b = box.getBoundingClientRect(); return [(e.clientX - b.left) / b.width, (e.clientY - b.top) / b.height]; };
  let last = null;
  box.onpointerdown = e => { if (!e.target.closest(".node")) last = place(e); };
  box.onpointermove = e => {
    if (!last || !(e.buttons & 1)) return;
    const now = place(e);
    v.view[0] -= (now[0] - last[0]) * v.view[2];
    if (e.pointerType === "mouse") v.view[1] -= (now[1] - last[1]) * v.view[3];
    last = now;
    setView(v);
  };
  box.onpointerup = box.onpointerleave = () => { last = null; };
  box.onwheel = e => {
    if (!e.ctrlKey && !e.metaKey) return;
    e.preventDefault();
    scale(v, Math.exp(e.deltaY * 0.004), place(e));
  };
}
