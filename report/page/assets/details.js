// The panel that says everything of one process, file, program or package.

const details = { back: [], opener: null };

function showDetails(make, opener) {
  const panel = $("details");
  if (panel.hidden) details.opener = opener || document.activeElement;
  if (!panel.hidden && details.now) details.back.push(details.now);
  details.now = make;
  drawDetails();
}

function drawDetails() {
  const panel = $("details");
  const { title, parts } = details.now();
  const buttons = h("div", { class: "panelbar" },
    details.back.length ? h("button", { type: "button", class: "quiet", onclick: () => { details.now = details.back.pop(); drawDetails(); } }, "← Back") : h("span"),
    h("button", { type: "button", class: "quiet", onclick: closeDetails, "aria-keyshortcuts": "Escape" }, "Close"));
  panel.replaceChildren(buttons, h("h2", { tabindex: -1, class: "name" }, title), ...parts);
  panel.hidden = false;
  panel.scrollTop = 0;
  document.body.classList.add("withdetails");
  panel.querySelector("h2").focus({ preventScroll: true });
}

function closeDetails() {
  $("details").hidden = true;
  document.body.classList.remove("withdetails");
  details.back = [];
  details.now = null;
  if (details.opener && details.opener.isConnected) details.opener.focus({ preventScroll: true });
}

const facts = rows => h("dl", { class: "facts" }, rows.filter(r => r && r[1] !== "" && r[1] !== null).flatMap(([k, v]) => [h("dt", {}, k), h("dd", {}, v)]));
const heading = text => h("h3", {}, text);
const openProcess = (p, opener) => showDetails(() => processDetails(p), opener);
const openFile = (id, opener) => showDetails(() => fileDetails(id), opener);
const openProgram = (name, opener) => showDetails(() => programDetails(name), opener);
const openPackage = (n, opener) => showDetails(() => packageDetails(n), opener);
const processLink = p => h("button", { type: "button", class: "link", onclick: e => openProcess(p, e.currentTarget) }, swatch(shadeOf[p]), program(p), h("span", { class: "muted" }, " pid " + procs.pid[p]));
const fileLink = (id, text) => h("button", { type: "button", class: "link path", onclick: e => openFile(id, e.currentTarget) }, text || path(id));
const swatch = n => h("span", { class: "swatch", "aria-hidden": "true", style: { background: "var(--c" + n + ")" } });

// linked is a list of links that shows more when asked.
function linked(items, link, most = 12) {
  const ul = h("ul", { class: "plain" });
  let shown = 0;
  const button = h("button", { type: "button", class: "more", onclick: () => add(200) });
  function add(n) {
    for (const item of items.slice(shown, shown + n)) ul.append(h("li", {}, link(item)));
    shown += n;
    button.hidden = shown >= items.length;
    button.textContent = "Show " + number(Math.min(200, items.length - shown)) + " more of " + number(items.length);
  }
  add(most);
  return h("div", {}, ul, button);
}

function processDetails(p) {
  const executed = [...imagesOf(p)].filter(i => !images.forked[i]), main = procs.main[p];
  const ancestors = [];
  for (let up = procs.up[p]; up >= 0; up = procs.up[up]) ancestors.push(up);
  const used = [...imagesOf(p)].flatMap(i => [...accessesOfImage(i)]);
  const parts = [
    h("pre", { class: "command", tabindex: 0, "aria-label": "Command line" }, commandLine(p) || "(not recorded)"),
    facts([
      ["Program", main >= 0 ? fileLink(images.path[main]) : ""], ["Directory", main >= 0 ? h("code", {}, strings[images.dir[main]]) : ""],
      ["Began", time(procs.began[p]) + " after the start"], ["Took", time(procs.length[p])], ["By itself", time(procs.own[p])],
      ["Processor time", time(procs.cpu[p])], ["Peak memory", memory(procs.rss[p])], ["Exit status", status(p)], ["Process id", String(procs.pid[p])],
      ["Failed searches", main >= 0 && images.searched[main] ? plural(images.searched[main], "failed execve", "failed execves") + " along PATH" : ""],
      ["Asked the kernel for", askedOf(p)],
    ]),
  ];
  if (executed.length > 1) parts.push(heading("Programs, in turn"), linked(executed, i => h("code", {}, time(images.began[i]) + "  " + argumentsOf(i).slice(0, 300))));
  if (ancestors.length) parts.push(heading("Started by"), linked(ancestors, processLink));
  const children = [...childrenOf(p)];
  if (children.length) parts.push(heading(plural(children.length, "child", "children")), linked(children, processLink));
  const from = [...edgesTo(p)], to = [...edgesFrom(p)];
  if (from.length) parts.push(heading("Used what others made"), linked(from, e => [fileLink(edges.path[e]), h("span", { class: "muted" }, " made by "), processLink(edges.from[e])]));
  if (to.length) parts.push(heading("Made what others used"), linked(to, e => [fileLink(edges.path[e]), h("span", { class: "muted" }, " used by "), processLink(edges.to[e])]));
  parts.push(heading(plural(used.length, "file access", "file accesses")), accessTable(used, "path"));
  return { title: program(p), parts };
}

// openTold shows the processes of a row of what may differ.
const openTold = (row, opener) => showDetails(() => ({ title: row.by, parts: [
  facts([["Was told by", row.path < 0 ? h("code", {}, row.name + "()") : fileLink(row.path)], ["What", data.marks[row.mark]], ["Count", number(row.count)]]),
  processTable([...row.procs], { caption: "Processes of " + row.by + " that were told", quiet: true, page: 50, short: true }).root,
] }), opener);

// askedOf names the calls that told a process something of the machine.
function askedOf(p) {
  const asked = new Map();
  for (const i of imagesOf(p)) for (const c of callsOfImage(i)) {
    const name = strings[calls.name[c]] + "() (" + data.marks[calls.mark[c]] + ")";
    asked.set(name, (asked.get(name) || 0) + calls.count[c]);
  }
  return [...asked].map(([name, n]) => n > 1 ? name + " ×" + number(n) : name).join(", ");
}

function accessTable(rows, other) {
  return table({
    caption: "Accesses", rows, quiet: true, page: 50, label: "access", columns: [
      other === "path" ?
        { name: "Path", kind: "path", text: a => path(accesses.path[a]), node: a => fileLink(accesses.path[a]) } :
        { name: "Process", text: a => program(images.proc[accessImage[a]]), node: a => processLink(images.proc[accessImage[a]]) },
      { name: "What", text: what },
      { name: "Count", kind: "number", text: a => number(accesses.count[a]), value: a => accesses.count[a] },
      { name: "First", kind: "number", text: a => time(accesses.first[a] * 1000), value: a => accesses.first[a] },
    ],
  }).root;
}

function what(a) {
  let text = data.classes[accesses.class[a]];
  if (accessTo.has(a)) text += " → " + path(accessTo.get(a));
  if (accessErrno.has(a)) text += ", " + strings[accessErrno.get(a)];
  if (accessMark.has(a)) text += " (" + data.marks[accessMark.get(a)] + ")";
  return text;
}

function fileDetails(id) {
  const rows = [...accessesOfPath(id)];
  for (const [a, to] of accessTo) if (to === id) rows.push(a);
  const parts = [
    facts([["What it was", roleNames(id).join(", ") || "on the way to others"], ["Package", paths.owner[id] >= 0 ? packageLink(paths.owner[id]) : ""]]),
    heading(plural(rows.length, "access", "accesses")), accessTable(rows, "process"),
  ];
  const inside = [...inDirectory(id)];
  if (inside.length) parts.push(heading(plural(inside.length, "entry", "entries")), linked(inside, child => fileLink(child, paths.name[child] || "/")));
  return { title: path(id), parts };
}

function programDetails(name) {
  const all = [];
  for (let p = 0; p < count.procs; p++) if (program(p) === name) all.push(p);
  const sum = column => all.reduce((n, p) => n + Math.max(column[p], 0), 0);
  return { title: name, parts: [
    facts([["Processes", number(all.length)], ["Time by itself", time(sum(procs.own))], ["Processor time", time(sum(procs.cpu))], ["Failed", number(all.filter(isFailed).length)]]),
    processTable(all, { caption: "Processes of " + name, quiet: true, page: 50, short: true }).root,
  ] };
}

const packageLink = n => h("button", { type: "button", class: "link", onclick: e => openPackage(n, e.currentTarget) }, packages[n].name);

function packageDetails(n) {
  const files = [];
  for (let id = 0; id < count.paths; id++) if (paths.owner[id] === n) files.push(id);
  const p = packages[n];
  return { title: p.name, parts: [
    facts([["How sure", p.sure], ["Why", h("span", {}, fileLink(p.why), " ", chain(p.by))], ["Used by", plural(p.users, "process", "processes")], ["Accesses", number(p.count)]]),
    heading(plural(files.length, "file")), linked(files, id => [fileLink(id), h("span", { class: "muted" }, " " + data.classes[paths.use[id]])], 50),
  ] };
}
