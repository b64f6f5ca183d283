// What makes a page of it: the views, the address, the search, the theme.

const sections = [...document.querySelectorAll(".view")].map(e => e.id.slice("view-".length));
const sectionOf = id => $("view-" + id);
const made = {};
const summaryPart = summaryView($("summary-more"));
const makers = {
  timeline: section => {
    const t = timeline(section);
    const update = () => {
      t.found = new Uint8Array(count.procs);
      let n = 0;
      for (let p = 0; p < count.procs; p++) if (search.has(commandLine(p) + " " + procs.pid[p])) { t.found[p] = 1; n++; }
      t.draw();
      return n;
    };
    return { update, shown: t.draw, draw: t.draw, matches: update };
  },
  slow: slowView, files: filesView, packages: packagesView, graph: graphView, violations: violationsView, differs: differsView,
  processes: section => { const t = processTable([...Array(count.procs).keys()]); section.append(t.root); return t; },
};

// view makes a view when it is first looked at or searched.
function view(id) {
  if (!makers[id]) return null;
  if (!made[id]) {
    made[id] = makers[id](sectionOf(id));
    if (made[id].update && id !== "graph") made[id].update();
  }
  return made[id];
}

function go(focus) {
  let id = location.hash.slice(1);
  if (!sections.includes(id)) {
    if (id && id !== "main") return;
    id = "summary";
  }
  for (const other of sections) sectionOf(other).hidden = other !== id;
  for (const a of $("nav").querySelectorAll("a")) a.getAttribute("href") === "#" + id ? a.setAttribute("aria-current", "page") : a.removeAttribute("aria-current");
  const now = view(id);
  if (now && now.shown) now.shown();
  if (id === "summary") summaryPart.draw();
  const tab = $("nav").querySelector("[aria-current]");
  $("nav").scrollLeft = tab.offsetLeft - $("nav").clientWidth / 3; // and not scrollIntoView, which moves the page too
  if (focus) {
    const title = sectionOf(id).querySelector("h2");
    if (title) title.focus({ preventScroll: true });
    const top = $("nav").offsetTop;
    if (scrollY > top) scrollTo({ top });
  }
}

let waiting = 0;
function find(text) {
  search.words = text.toLowerCase().split(/\s+/).filter(Boolean);
  const counts = [];
  for (const id of Object.keys(makers)) {
    const badge = document.querySelector('[data-count="' + id + '"]');
    if (!search.words.length) {
      badge.textContent = "";
      if (made[id]) made[id].update();
      continue;
    }
    const n = made[id] ? made[id].update() : view(id).matches();
    badge.textContent = number(n);
    badge.classList.toggle("zero", n === 0);
    if (id !== "timeline" && n) counts.push(number(n) + " in " + document.querySelector('#nav a[href="#' + id + '"]').firstChild.textContent.trim().toLowerCase());
  }
  $("found").textContent = search.words.length ? (counts.length ? "Found: " + counts.join(", ") + "." : "Nothing found.") : "";
}

function setTheme(name) {
  name === "auto" ? document.documentElement.removeAttribute("data-theme") : document.documentElement.setAttribute("data-theme", name);
  $("theme").textContent = { auto: "Theme: auto", light: "Theme: light", dark: "Theme: dark" }[name];
  $("theme").dataset.now = name;
  for (const v of Object.values(made)) if (v.draw && v.shown) v.shown();
  summaryPart.draw();
}

function start() {
  for (const id of ["nav", "search-box", "theme"]) $(id).hidden = false;
  const input = $("search");
  input.addEventListener("input", () => { clearTimeout(waiting); waiting = setTimeout(() => find(input.value), 150); });
  document.addEventListener("keydown", e => {
    const typing = e.target.matches && e.target.matches("input, textarea");
    if (e.key === "/" && !typing && !e.ctrlKey && !e.metaKey) { e.preventDefault(); input.focus(); }
    if (e.key === "Escape") {
      if (!$("details").hidden) closeDetails();
      else if (e.target === input && input.value) { input.value = ""; find(""); }
    }
  });
  let stored = "auto";
  try { stored = localStorage.getItem("catbox-theme") || "auto"; } catch { /* a page from a file may have no storage */ }
  if (!["auto", "light", "dark"].includes(stored)) stored = "auto";
  $("theme").addEventListener("click", () => {
    const next = { auto: "dark", dark: "light", light: "auto" }[$("theme").dataset.now];
    setTheme(next);
    try { localStorage.setItem("catbox-theme", next); } catch { /* as above */ }
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => setTheme($("theme").dataset.now));
  addEventListener("hashchange", () => { go(true); });
  document.querySelector(".skip").addEventListener("click", e => { e.preventDefault(); $("main").focus(); });
  go(false);
  setTheme(stored);
}
start();
