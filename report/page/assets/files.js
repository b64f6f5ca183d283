// The files: by directory, by package, or as a table. What is shown are the paths
// with one of the chosen roles that the search finds.

function filesView(section) {
  const v = { roles: INPUT | OUTPUT, by: "directory", open: new Set() };
  const chips = data.roles.map((name, bit) => {
    const n = paths.role.reduce((n, role) => n + (role & 1 << bit && !(role & DIRECTORY) ? 1 : 0), 0);
    return h("button", { type: "button", class: "chip role" + bit, "aria-pressed": String(Boolean(v.roles & 1 << bit)), onclick: e => {
      v.roles ^= 1 << bit;
      e.currentTarget.setAttribute("aria-pressed", String(Boolean(v.roles & 1 << bit)));
      v.update();
    } }, roleTitles[bit], h("span", { class: "muted" }, number(n)));
  });
  const choices = [["directory", "By directory"], ["package", "By package"], ["table", "As a table"]].filter(([id]) => id !== "package" || data.owners);
  const radios = choices.map(([id, name]) => h("label", { class: "choice" }, h("input", { type: "radio", name: "files-by", value: id, checked: id === v.by, onchange: () => { v.by = id; v.update(); } }), name));
  const info = h("p", { class: "info", role: "status" }), tree = h("div", { class: "tree" });
  section.append(h("div", { class: "bar" },
    h("div", { role: "group", "aria-label": "What the files were", class: "legend" }, chips),
    h("fieldset", { class: "choices" }, h("legend", { class: "hide" }, "Show files"), radios)), info, tree);

  v.matching = () => {
    const found = [];
    for (let id = 0; id < count.paths; id++) if (wanted(id)) found.push(id);
    return found;
  };
  function wanted(id) {
    const role = paths.role[id];
    // A directory is listed by what is in it, unless it was itself made or missed.
    return (role & v.roles) && !(role & DIRECTORY && !(role & ~DIRECTORY & ~INPUT)) && (search.words.length === 0 || search.has(path(id) + " " + ownerName(id)));
  }
  v.update = () => {
    const found = v.matching();
    info.textContent = found.length ? plural(found.length, "file") + (search.words.length ? " match" : "") : search.words.length ? "Nothing here matches the search." : "None.";
    v.open.clear();
    tree.replaceChildren(v.by === "table" ? fileTable(found) : v.by === "package" ? byPackage(found) : byDirectory(found));
    return found.length;
  };
  v.matches = () => v.matching().length;
  return v;
}

const roleTitles = ["Inputs", "Outputs", "Temporary", "Removed", "Looked for in vain"];

const accessCount = id => { let n = 0; for (const a of accessesOfPath(id)) n += accesses.count[a]; return n; };
const badges = id => h("span", { class: "badges" }, data.roles.map((name, bit) => paths.role[id] & 1 << bit ? h("span", { class: "tag role" + bit }, name) : null));

function fileTable(found) {
  return table({
    caption: "Files", rows: found, quiet: true, label: "file", sort: [0, false], open: openFile, columns: [
      { name: "Path", kind: "path", text: path },
      { name: "What", text: id => roleNames(id).join(" "), node: badges },
      { name: "Use", text: id => paths.role[id] & INPUT ? data.classes[paths.use[id]] : "" },
      ...(data.owners ? [{ name: "Package", text: ownerName }] : []),
      { name: "Accesses", kind: "number", text: id => number(accessCount(id)), value: accessCount },
    ],
  }).root;
}

// byDirectory sums up how many of the found are below each directory: a directory
// has a lower number than what is in it.
function byDirectory(found) {
  const below = new Int32Array(count.paths);
  for (const id of found) below[id]++;
  for (let id = count.paths - 1; id >= 0; id--) if (paths.up[id] >= 0) below[paths.up[id]] += below[id];
  const isFound = new Set(found);
  const holds = id => below[id] > (isFound.has(id) ? 1 : 0);
  const inside = id => [...inDirectory(id)].filter(c => below[c]).sort((a, b) => holds(b) - holds(a) || (paths.name[a] < paths.name[b] ? -1 : 1));
  const top = [];
  for (let id = 0; id < count.paths; id++) if (paths.up[id] < 0 && below[id]) top.push(id);
  // Open what has little in it, from the top on.
  let shown = 0;
  const entry = (id, depth) => {
    let name = paths.name[id], last = id;
    for (let only = inside(last); only.length === 1 && !isFound.has(last) && inside(only[0]).length; only = inside(last)) {
      last = only[0];
      name += "/" + paths.name[last];
    }
    const children = inside(last);
    if (!children.length) return leaf(last, name || "/");
    shown += children.length;
    return branch(name + "/", below[last], null, () => children.map(c => entry(c, depth + 1)), shown < 40 && depth < 4 || found.length <= 60);
  };
  return h("ul", { class: "files" }, top.map(id => entry(id, 0)));
}

function byPackage(found) {
  const groups = new Map();
  for (const id of found) {
    const n = paths.owner[id];
    if (!groups.has(n)) groups.set(n, []);
    groups.get(n).push(id);
  }
  const order = [...groups].sort((a, b) => b[1].length - a[1].length);
  return h("ul", { class: "files" }, order.map(([n, ids]) =>
    branch(n < 0 ? "of no package" : packages[n].name, ids.length, n < 0 ? null : h("span", { class: "muted" }, packages[n].sure), () => ids.map(id => leaf(id, path(id))), false)));
}

const leaf = (id, name) => h("li", {}, h("div", { class: "row" }, fileLink(id, name), badges(id), h("span", { class: "muted owner" }, ownerName(id)), h("span", { class: "num" }, number(accessCount(id)), h("span", { class: "hide" }, " accesses"))));

// branch is something that opens; what is in it is made then, some at a time.
function branch(name, n, note, make, open) {
  const ul = h("ul", {}), more = h("button", { type: "button", class: "more", onclick: () => add(500) });
  let items = null;
  function add(most) {
    ul.append(...items.splice(0, most));
    more.hidden = !items.length;
    more.textContent = "Show " + number(Math.min(items.length, 500)) + " more";
  }
  const button = h("button", { type: "button", class: "link branch", "aria-expanded": "false", onclick: () => set(button.getAttribute("aria-expanded") === "false") },
    h("span", { class: "twist", "aria-hidden": "true" }), h("span", { class: "path" }, name));
  const inner = h("div", { hidden: true }, ul, more);
  function set(on) {
    if (on && !items) { items = make(); add(200); }
    button.setAttribute("aria-expanded", String(on));
    inner.hidden = !on;
  }
  const li = h("li", {}, h("div", { class: "row" }, button, note, h("span", { class: "num" }, number(n), h("span", { class: "hide" }, n === 1 ? " file" : " files"))), inner);
  if (open) set(true);
  return li;
}
