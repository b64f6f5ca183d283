// table shows rows as a table that can be sorted, and is filtered by the search.
// Columns are {name, text(row), node(row), value(row), kind}: node is what is shown if it is not
// the text, value what is sorted by if it is not; kind is "number", "path" or "wide".

const PAGE = 100;

function table({ caption, columns, rows: given, sort, open, label, quiet, haystack, page = PAGE }) {
  const state = { column: sort ? sort[0] : -1, down: sort ? sort[1] : false, shown: page, rows: [] };
  const body = h("tbody"), more = h("button", { type: "button", class: "more", onclick: () => { state.shown += 4 * page; draw(); } });
  const info = h("p", { class: "info", role: quiet ? null : "status" });
  const heads = columns.map((c, i) => {
    const sorts = c.value || c.text;
    const button = sorts ? h("button", { type: "button", onclick: () => by(i) }, c.name, h("span", { class: "arrow", "aria-hidden": "true" })) : c.name;
    return h("th", { scope: "col", class: c.kind }, button);
  });
  const root = h("div", { class: "tablebox" },
    h("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": caption },
      h("table", {}, h("caption", { class: "hide" }, caption), h("thead", {}, h("tr", {}, heads)), body)), info, more);

  const rows = typeof given === "function" ? given : () => given;
  const hay = haystack || (row => columns.map(c => c.text ? c.text(row) : "").join(" "));

  function by(i) {
    state.down = state.column === i ? !state.down : columns[i].kind === "number";
    state.column = i;
    order();
    draw();
  }
  function order() {
    heads.forEach((th, i) => i === state.column ? th.setAttribute("aria-sort", state.down ? "descending" : "ascending") : th.removeAttribute("aria-sort"));
    const c = columns[state.column];
    if (!c) return;
    const value = c.value || c.text, sign = state.down ? -1 : 1;
    const keyed = state.rows.map(row => [value(row), row]);
    keyed.sort((a, b) => a[0] < b[0] ? -sign : a[0] > b[0] ? sign : 0);
    state.rows = keyed.map(k => k[1]);
  }
  function draw() {
    body.replaceChildren(...state.rows.slice(0, state.shown).map(line));
    const left = state.rows.length - state.shown;
    more.hidden = left <= 0;
    more.textContent = "Show " + number(Math.min(left, 4 * page)) + " more";
    const of = rows().length;
    info.textContent = of === 0 ? "None." : state.rows.length === of ? (left > 0 ? number(state.shown) + " of " + plural(of, label || "row") : "") :
      state.rows.length === 0 ? "Nothing here matches the search." : plural(state.rows.length, "match", "matches") + " of " + number(of);
    info.hidden = info.textContent === "";
  }
  function line(row) {
    const cells = columns.map((c, i) => {
      const content = c.node ? c.node(row) : c.text(row);
      const inner = i === 0 && open ? h("button", { type: "button", class: "link", onclick: e => open(row, e.currentTarget) }, content) : content;
      return h(i === 0 ? "th" : "td", { class: c.kind, scope: i === 0 ? "row" : null, "data-name": c.name }, inner);
    });
    return h("tr", {}, cells);
  }
  function update() {
    const all = rows();
    state.rows = search.words.length && !quiet ? all.filter(row => search.has(hay(row))) : all.slice();
    state.shown = page;
    order();
    draw();
    return state.rows.length;
  }
  update();
  return { root, update, matches: () => rows().filter(row => search.has(hay(row))).length };
}
