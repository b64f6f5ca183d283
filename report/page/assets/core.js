// The data: columns, as page/data.go writes them, and what is derived from them.

const data = JSON.parse(document.getElementById("data").textContent);
const list = v => v || [];
const strings = list(data.strings);
const procs = data.procs, images = data.images, paths = data.paths, accesses = data.accesses, edges = data.edges;
for (const part of [procs, images, paths, accesses, edges]) for (const k in part) part[k] = list(part[k]);
const count = { procs: procs.up.length, images: images.proc.length, paths: paths.up.length, accesses: accesses.image.length, edges: edges.from.length };
const calls = data.calls;
for (const k in calls) calls[k] = list(calls[k]);
const packages = list(data.packages), networks = list(data.networks), violations = list(data.violations), blind = list(data.blind);
const total = Math.max(data.length, 1);

// Classes by their number; those up to the last of uses change nothing.
const [READ, EXECUTE, PROBE, ENUMERATE, SYMLINK, WRITE, CREATE, DELETE, RENAME, LINK, METADATA, ABSENT] = data.classes.keys();
const INPUT = 1, OUTPUT = 2, TEMPORARY = 4, REMOVED = 8, MISSING = 16, DIRECTORY = 32;
const USED = ["read", "executed", "looked at", "listed", "followed"];
const isFailed = p => procs.status[p] !== null && procs.status[p] !== 0;

// Accesses: the image is stored as the difference to the row before.
const accessImage = new Int32Array(count.accesses);
for (let i = 0, n = 0; i < count.accesses; i++) accessImage[i] = n += accesses.image[i];
const sparse = pairs => new Map(list(pairs));
const accessTo = sparse(accesses.to), accessErrno = sparse(accesses.errno), accessMark = sparse(accesses.mark), accessMade = new Set(accesses.made);

// grouped lists the rows of each of n keys: rows(k) are the numbers whose key is k.
function grouped(n, size, key) {
  const first = new Int32Array(n + 1);
  for (let i = 0; i < size; i++) if (key(i) >= 0) first[key(i) + 1]++;
  for (let k = 0; k < n; k++) first[k + 1] += first[k];
  const next = first.slice(), rows = new Int32Array(first[n]);
  for (let i = 0; i < size; i++) if (key(i) >= 0) rows[next[key(i)]++] = i;
  return k => rows.subarray(first[k], first[k + 1]);
}
// lazily computes when it is first asked: most pages are closed before everything was looked at.
const lazily = make => { let made; return k => (made ||= make())(k); };
const childrenOf = lazily(() => grouped(count.procs, count.procs, p => procs.up[p]));
const imagesOf = lazily(() => grouped(count.procs, count.images, i => images.proc[i]));
const accessesOfPath = lazily(() => grouped(count.paths, count.accesses, a => accesses.path[a]));
const accessesOfImage = lazily(() => grouped(count.images, count.accesses, a => accessImage[a]));
const callsOfImage = lazily(() => grouped(count.images, calls.image.length, c => calls.image[c]));
const edgesFrom = lazily(() => grouped(count.procs, count.edges, e => edges.from[e]));
const edgesTo = lazily(() => grouped(count.procs, count.edges, e => edges.to[e]));
const inDirectory = lazily(() => grouped(count.paths, count.paths, p => paths.up[p]));

function path(id) {
  if (id < 0) return "";
  const parts = [];
  for (; id >= 0; id = paths.up[id]) parts.push(paths.name[id]);
  return parts.reverse().join("/");
}
const program = p => procs.main[p] < 0 ? "?" : strings[images.program[procs.main[p]]];
const imageProgram = i => strings[images.program[i]];
const argumentsOf = i => i < 0 ? "" : list(images.args[i]).map(n => strings[n]).join(" ");
const commandLine = p => argumentsOf(procs.main[p]);
const commandShort = (p, most = 300) => { const s = commandLine(p); return s.length > most ? s.slice(0, most) + "…" : s; };

// chain is the programs by which an image came to be, itself first.
function chain(i) {
  const names = [];
  if (i >= 0 && images.forked[i]) i = images.prev[i];
  for (; i >= 0; i = images.prev[i]) if (names[names.length - 1] !== imageProgram(i)) names.push(imageProgram(i));
  return names.join(" ← ");
}

// Words.
const number = n => n.toLocaleString("en");
const plural = (n, one, many = one + (one.endsWith("s") ? "es" : "s")) => number(n) + " " + (n === 1 ? one : many);
function time(us) {
  const s = us / 1e6;
  if (us < 0) return "";
  if (us === 0) return "0 s";
  if (us < 1000) return us + " µs";
  if (s < 1) return (us / 1000).toFixed(us < 1e4 ? 1 : 0) + " ms";
  if (s < 60) return s.toFixed(s < 10 ? 2 : 1) + " s";
  if (s < 3600) return Math.floor(s / 60) + " min " + Math.floor(s % 60) + " s";
  return Math.floor(s / 3600) + " h " + Math.floor(s % 3600 / 60) + " min";
}
const memory = kib => kib < 0 ? "" : kib < 1024 ? kib + " KiB" : kib < 1 << 20 ? (kib / 1024).toFixed(1) + " MiB" : (kib / (1 << 20)).toFixed(2) + " GiB";
function status(p) {
  const s = procs.status[p];
  return s === null ? "not known" : s < 0 ? "signal " + -s : s === 0 ? "0" : String(s);
}
function roleNames(id) {
  const names = data.roles.filter((_, bit) => paths.role[id] & 1 << bit);
  return paths.role[id] & DIRECTORY ? [...names, "directory"] : names;
}
const ownerName = id => paths.owner[id] < 0 ? "" : packages[paths.owner[id]].name;

// h makes an element. Text is always text: no name of a file becomes markup.
function h(name, props = {}, ...children) {
  const e = name === "svg" || props.svg ? document.createElementNS("http://www.w3.org/2000/svg", name) : document.createElement(name);
  for (const [k, v] of Object.entries(props)) {
    if (k === "svg" || v === null || v === undefined || v === false) continue;
    if (k.startsWith("on")) e.addEventListener(k.slice(2), v);
    else if (k === "style") Object.assign(e.style, v);
    else e.setAttribute(k, v === true ? "" : v);
  }
  e.append(...children.flat().filter(c => c !== null && c !== undefined));
  return e;
}
const $ = id => document.getElementById(id);
const say = text => { $("say").textContent = text; };
const calm = () => matchMedia("(prefers-reduced-motion: reduce)").matches;
const color = name => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

// The programs that took most of the time have a color each, the rest one together.
const COLORS = 8;
const shade = (() => {
  const own = new Map();
  for (let p = 0; p < count.procs; p++) own.set(program(p), (own.get(program(p)) || 0) + procs.own[p]);
  const order = [...own].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1)).slice(0, COLORS);
  const shades = new Map(order.map(([name], i) => [name, i]));
  return { of: name => shades.has(name) ? shades.get(name) : COLORS, top: order };
})();
const shadeOf = new Uint8Array(count.procs);
for (let p = 0; p < count.procs; p++) shadeOf[p] = shade.of(program(p));

// The search: every word must be there. What listens is told when it changes.
const search = { words: [], listeners: [], has: text => {
  if (search.words.length === 0) return true;
  text = text.toLowerCase();
  return search.words.every(w => text.includes(w));
} };
