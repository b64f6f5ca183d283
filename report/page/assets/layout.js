// layered places the nodes of a directed graph in layers from left to right, or
// from the top down,
// (Sugiyama, Tagawa and Toda, 1981): circles are broken, each node comes after what
// leads to it, long edges get a place in each layer that they cross, and the order
// within the layers is improved by the mean place of the neighbors.

function layered(nodes, links, down) {
  const index = new Map(nodes.map((n, i) => [n.id, i]));
  const all = links.filter(l => l.from !== l.to).map(l => ({ link: l, from: index.get(l.from), to: index.get(l.to) }));
  const out = nodes.map(() => []);
  for (const e of all) out[e.from].push(e);
  for (const e of back(nodes.length, out)) [e.from, e.to, e.turned] = [e.to, e.from, true];
  const rank = ranks(nodes.length, all);
  const layers = [];
  const put = (item, layer) => { (layers[layer] ||= []).push(item); item.layer = layer; };
  const items = nodes.map(node => ({ node, near: [], next: [], width: down ? node.height : node.width, height: down ? node.width : node.height }));
  items.forEach((item, i) => put(item, rank[i]));
  for (const e of all) {
    e.points = [items[e.from]];
    for (let layer = rank[e.from] + 1; layer < rank[e.to]; layer++) {
      const bend = { near: [], next: [], width: 0, height: 6 };
      put(bend, layer);
      e.points.push(bend);
    }
    e.points.push(items[e.to]);
    for (let i = 1; i < e.points.length; i++) {
      e.points[i].near.push(e.points[i - 1]);
      e.points[i - 1].next.push(e.points[i]);
    }
  }
  arrange(layers);
  const placed = coordinates(layers, items, all, down ? 46 : 90);
  if (down) {
    for (const i of layers.flat()) [i.x, i.y, i.width, i.height] = [i.y, i.x, i.height, i.width];
    [placed.width, placed.height] = [placed.height, placed.width];
  }
  return placed;
}

// back are the edges that close a circle, found by a search in depth without recursion.
function back(n, out) {
  const state = new Uint8Array(n), found = [];
  for (let start = 0; start < n; start++) {
    if (state[start]) continue;
    const stack = [[start, 0]];
    state[start] = 1;
    while (stack.length) {
      const top = stack[stack.length - 1], e = out[top[0]][top[1]++];
      if (!e) { state[top[0]] = 2; stack.pop(); continue; }
      if (state[e.to] === 1) found.push(e);
      else if (!state[e.to]) { state[e.to] = 1; stack.push([e.to, 0]); }
    }
  }
  return found;
}

// ranks is the longest way to each node; a node without one is put just before what it leads to.
function ranks(n, all) {
  const rank = new Int32Array(n), into = new Int32Array(n), out = Array.from({ length: n }, () => []);
  for (const e of all) { into[e.to]++; out[e.from].push(e); }
  const sources = [], order = [];
  for (let i = 0; i < n; i++) if (!into[i]) { sources.push(i); order.push(i); }
  for (let i = 0; i < order.length; i++) for (const e of out[order[i]]) {
    rank[e.to] = Math.max(rank[e.to], rank[e.from] + 1);
    if (--into[e.to] === 0) order.push(e.to);
  }
  for (const s of sources) if (out[s].length) rank[s] = Math.min(...out[s].map(e => rank[e.to])) - 1;
  return rank;
}

function arrange(layers) {
  const number = layer => layer.forEach((item, i) => { item.at = i; });
  layers.forEach(number);
  const mean = (item, side) => item[side].length ? item[side].reduce((n, o) => n + o.at, 0) / item[side].length : item.at;
  for (let pass = 0; pass < 16; pass++) {
    const down = pass % 2 === 0;
    for (const layer of down ? layers : [...layers].reverse()) {
      for (const item of layer) item.mean = mean(item, down ? "near" : "next");
      layer.sort((a, b) => a.mean - b.mean);
      number(layer);
    }
  }
}

function coordinates(layers, items, all, between) {
  const GAP = 14;
  let x = 12;
  for (const layer of layers) {
    const width = Math.max(...layer.map(i => i.width));
    let y = 0;
    for (const item of layer) {
      item.x = x;
      item.y = y;
      y += item.height + GAP;
    }
    x += width + between;
  }
  // Move each towards its neighbors, as far as those above and below leave room.
  for (let pass = 0; pass < 24; pass++) for (const layer of pass % 2 ? [...layers].reverse() : layers) {
    const middle = i => i.y + i.height / 2;
    for (const item of layer) {
      const others = [...item.near, ...item.next];
      item.want = others.length ? others.reduce((n, o) => n + middle(o), 0) / others.length - item.height / 2 : item.y;
    }
    spread(layer, GAP);
  }
  const lowest = Math.min(...layers.flat().map(i => i.y));
  for (const item of layers.flat()) item.y += 12 - lowest;
  const height = Math.max(...layers.flat().map(i => i.y + i.height)) + 12;
  return { items, edges: all, width: x - between + 12, height };
}

// spread gives each in a layer its wanted place, moved apart where they overlap:
// those that touch are a group, whose place is the mean of what its members want.
function spread(layer, gap) {
  const groups = [];
  for (const item of layer) {
    let g = { items: [item], height: item.height, want: item.want, sum: item.want, n: 1 };
    while (groups.length && groups[groups.length - 1].want + groups[groups.length - 1].height + gap > g.want) {
      const above = groups.pop(), offset = above.height + gap;
      g = { items: [...above.items, ...g.items], height: offset + g.height, sum: above.sum + g.sum - g.n * offset, n: above.n + g.n };
      g.want = g.sum / g.n;
    }
    groups.push(g);
  }
  for (const g of groups) {
    let y = g.want;
    for (const item of g.items) { item.y = y; y += item.height + gap; }
  }
}
