// The views that are tables, and the rest of the summary.

function processTable(rows, { caption = "Processes", quiet = false, page = PAGE, short = false, sort = [1, false] } = {}) {
  return table({
    caption, rows, quiet, page, sort, label: "process", open: openProcess, haystack: p => commandLine(p) + " " + procs.pid[p] + " " + (procs.main[p] < 0 ? "" : path(images.path[procs.main[p]]) + " " + strings[images.dir[procs.main[p]]]),
    columns: [
      { name: "Program", text: program, node: p => [swatch(shadeOf[p]), program(p)] },
      { name: "Began", kind: "number", text: p => time(procs.began[p]), value: p => procs.began[p] },
      { name: "Took", kind: "number", text: p => time(procs.length[p]), value: p => procs.length[p] },
      { name: "By itself", kind: "number", text: p => time(procs.own[p]), value: p => procs.own[p] },
      { name: "Processor", kind: "number", text: p => time(procs.cpu[p]), value: p => procs.cpu[p] },
      ...(short ? [] : [
        { name: "Memory", kind: "number", text: p => memory(procs.rss[p]), value: p => procs.rss[p] },
        { name: "Exit", kind: "number", text: status, value: p => procs.status[p] === null ? -999 : Math.abs(procs.status[p]), node: p => h("span", { class: isFailed(p) ? "badtext" : "" }, status(p)) },
      ]),
      { name: "Command line", kind: "wide", text: p => commandShort(p, 160), node: p => h("code", {}, commandShort(p, 160)) },
    ],
  });
}

function slowView(section) {
  const s = data.slow, all = [...Array(count.procs).keys()];
  const most = column => all.filter(p => column[p] > 0).sort((a, b) => column[b] - column[a]).slice(0, 200);
  const sums = (caption, rows, first, columns, open) => table({ caption, rows: list(rows), page: 10, label: "row", open, columns: [{ name: first, kind: "wide", text: r => r.name, node: r => open ? r.name : h("code", {}, r.name) }, ...columns] });
  const counted = name => ({ name, kind: "number", text: r => number(r.count), value: r => r.count });
  const own = { name: "Time by itself", kind: "number", text: r => time(r.own), value: r => r.own }, cpu = { name: "Processor", kind: "number", text: r => time(r.cpu), value: r => r.cpu };
  const tables = [
    ["Programs that took most time", "Without the time in which they waited for what they started.", sums("Programs", s.programs, "Program", [counted("Processes"), own, cpu], (r, e) => openProgram(r.name, e))],
    ["Processes that took longest by themselves", "", processTable(most(procs.own), { caption: "Longest processes", page: 10, short: true, sort: [3, true] })],
    ["Processes that used most processor time", "", processTable(most(procs.cpu), { caption: "Busiest processes", page: 10, short: true, sort: [4, true] })],
    ["Command lines that were run again and again", "", sums("Repeated command lines", s.repeated, "Command line", [counted("Times"), own, cpu])],
    ["Searches along PATH", "Attempts to execute a program where it is not, before it was found.", sums("Searches along PATH", s.searches, "Program", [counted("Failed attempts")], (r, e) => openProgram(r.name, e))],
    ["Looked for in vain", "Directories in which files were looked for that are not there.", sums("Absent, by directory", s.absent, "Directory", [counted("Lookups")])],
    ["Absent files that were looked for most", "", sums("Absent files", s.lookups, "Path", [counted("Lookups")])],
  ];
  for (const [title, lead, t] of tables) section.append(h("h3", {}, title), lead ? h("p", { class: "lead" }, lead) : "", t.root);
  return together(tables.map(t => t[2]));
}

const together = tables => ({
  update: () => tables.reduce((n, t) => n + t.update(), 0),
  matches: () => tables.reduce((n, t) => n + t.matches(), 0),
});

function packagesView(section) {
  if (!data.owners) section.append(h("p", { class: "lead" }, "Which packages the files belong to was not asked when this report was made."));
  else section.append(h("p", { class: "lead" }, "Packages of which the run used files that it did not make. Whether one was declared, catbox deps says."));
  const t = table({
    caption: "Packages", rows: packages.map((_, n) => n), label: "package", open: openPackage, haystack: n => packages[n].name + " " + path(packages[n].why) + " " + chain(packages[n].by), columns: [
      { name: "Package", text: n => packages[n].name },
      { name: "How sure", text: n => packages[n].sure, value: n => packages[n].rank, node: n => h("span", { class: "tag sure" + packages[n].rank }, packages[n].sure) },
      { name: "Why", kind: "path", text: n => path(packages[n].why), node: n => [fileLink(packages[n].why), h("span", { class: "muted chain" }, " " + USED[paths.use[packages[n].why]] + " by " + chain(packages[n].by))] },
      { name: "Files", kind: "number", text: n => number(packages[n].files), value: n => packages[n].files },
      { name: "Processes", kind: "number", text: n => number(packages[n].users), value: n => packages[n].users },
      { name: "Accesses", kind: "number", text: n => number(packages[n].count), value: n => packages[n].count },
    ],
  });
  if (data.owners) section.append(t.root);
  return t;
}

function violationsView(section) {
  const text = (name, member, kind) => ({ name, kind, text: r => r[member], node: kind ? r => h("code", {}, r[member]) : null });
  const at = { name: "At", kind: "number", text: r => time(r.time), value: r => r.time };
  const v = table({ caption: "Violations", rows: violations, label: "violation", columns: [
    text("What", "object", "path"), { name: "Act", text: r => r.action + " " + r.operation }, text("Call", "call"),
    { name: "By", text: r => r.program + ", pid " + r.pid }, text("Answer", "errno"), at] });
  const n = table({ caption: "Network", rows: networks, label: "row", columns: [
    text("Destination", "destination", "path"), text("Act", "operation"), { name: "By", text: r => imageProgram(r.image), node: r => processLink(images.proc[r.image]) },
    { name: "Count", kind: "number", text: r => number(r.count), value: r => r.count }, { name: "Answer", text: r => r.errno || "let through" }] });
  const b = table({ caption: "Blindness", rows: blind, label: "row", columns: [text("What could not be seen", "what", "wide"), text("Why", "by"), { name: "Count", kind: "number", text: r => number(r.count), value: r => r.count }, at] });
  section.append(h("p", { class: "lead" }, "What the policy did not allow."), v.root, h("h3", {}, "Network"), n.root,
    h("h3", {}, "What the record may lack"), b.root);
  return together([v, n, b]);
}

function differsView(section) {
  section.append(h("p", { class: "lead" }, "Files and system calls that told programs something of the machine or the moment. Another build may come out different by what they told, if the program made anything of it. What the clock said is not recorded."));
  const t = table({ caption: "What may make another build come out different", rows: marked(), label: "row", columns: [
    { name: "What", kind: "path", text: r => r.name, node: r => r.path < 0 ? h("code", {}, r.name + "()") : fileLink(r.path) },
    { name: "By", text: r => r.by, node: r => r.procs.size > 1 ? h("button", { type: "button", class: "link", onclick: e => openTold(r, e.currentTarget) }, r.by) : processLink([...r.procs][0]) },
    { name: "What it tells", text: r => data.marks[r.mark] },
    { name: "Processes", kind: "number", text: r => number(r.procs.size), value: r => r.procs.size }, { name: "Count", kind: "number", text: r => number(r.count), value: r => r.count }] });
  section.append(t.root);
  return t;
}

// marked are the files and calls that told a program something of the machine or the moment,
// a row for each program that they told it.
function marked() {
  const rows = new Map();
  const add = (name, id, mark, image, n) => {
    const by = imageProgram(image), key = name + "\0" + by;
    if (!rows.has(key)) rows.set(key, { name, path: id, mark, by, procs: new Set(), count: 0 });
    const row = rows.get(key);
    row.procs.add(images.proc[image]);
    row.count += n;
  };
  for (const [a, mark] of accessMark) add(path(accesses.path[a]), accesses.path[a], mark, accessImage[a], accesses.count[a]);
  calls.image.forEach((image, i) => add(strings[calls.name[i]], -1, calls.mark[i], image, calls.count[i]));
  return [...rows.values()].sort((a, b) => a.mark - b.mark || b.procs.size - a.procs.size);
}

// more of the summary: how the run went, and where the time went.
function summaryView(box) {
  const strip = h("canvas", { class: "strip mini", role: "img", "aria-label": "How many processes were at work, over the run" });
  const link = h("a", { href: "#timeline", class: "plot", "aria-label": "Open the timeline" }, strip);
  const programs = list(data.slow.programs).slice(0, 8), most = Math.max(...programs.map(r => r.own), 1);
  const bars = h("ol", { class: "bars" }, programs.map(r => h("li", {}, h("button", { type: "button", class: "barrow", onclick: e => openProgram(r.name, e.currentTarget) },
    h("span", { class: "barname" }, r.name, h("span", { class: "muted" }, r.count > 1 ? " ×" + number(r.count) : "")),
    h("span", { class: "track", "aria-hidden": "true" }, h("span", { class: "fill", style: { width: Math.max(100 * r.own / most, 0.5) + "%", background: "var(--c" + shade.of(r.name) + ")" } })),
    h("span", { class: "num" }, time(r.own))))));
  const sure = packages.filter(p => p.rank <= 1);
  const roots = new Map();
  for (let id = 0; id < count.paths; id++) if (paths.role[id] & OUTPUT && !(paths.role[id] & DIRECTORY)) {
    const dir = path(paths.up[id]) || "/";
    roots.set(dir, (roots.get(dir) || 0) + 1);
  }
  const outputs = [...roots].sort((a, b) => b[1] - a[1]).slice(0, 8);
  box.append(
    h("div", { class: "panel wide" }, h("h3", {}, "At work at once, over the run"), link),
    h("div", { class: "panel" }, h("h3", {}, "Where the time went"), bars),
    h("div", { class: "panel" }, h("h3", {}, "Where outputs are"), outputs.length ? h("ul", { class: "plain" }, outputs.map(([dir, n]) => h("li", { class: "row" }, h("span", { class: "path" }, dir), h("span", { class: "num" }, number(n))))) : h("p", { class: "muted" }, "None were recorded.")),
    data.owners ? h("div", { class: "panel wide" }, h("h3", {}, "Packages that were read or executed"), h("p", { class: "packs" }, sure.slice(0, 60).flatMap((p, i) => [i ? " " : "", h("button", { type: "button", class: "chip", onclick: e => openPackage(packages.indexOf(p), e.currentTarget) }, p.name)]), sure.length > 60 ? " and " + number(sure.length - 60) + " more" : "")) : "");
  const draw = () => { if (strip.clientWidth) paintStrip({ strip, from: 0, to: total }, theme()); };
  new ResizeObserver(draw).observe(link);
  return { draw };
}
