// What pages are made of: elements, tables that sort and export, and drawings.
export function h(name, attributes, ...content) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
    else if (value === true) element.setAttribute(key, "");
    else if (value !== false && value !== undefined && value !== null) element.setAttribute(key, value);
  }
  // Text goes in as text, never as HTML: names and references come from outside.
  element.append(...content.flat(9).filter((x) => x !== "" && x !== null && x !== undefined && x !== false));
  return element;
}

const SVG = "http://www.w3.org/2000/svg";
function s(name, attributes, ...content) {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.append(...content);
  return element;
}

// How each table is sorted outlives its being drawn again.
const sorting = new Map();

// Columns are [heading, draw(row), kind, sortKey(row), hint].
export function table(name, rows, columns) {
  const by = sorting.get(name);
  const key = (c) => c[3] ?? ((row) => { const drawn = c[1](row); return typeof drawn === "string" ? drawn : ""; });
  const sorted = by === undefined ? rows : [...rows].sort((a, b) => {
    const f = key(columns[by.column]), x = f(a), y = f(b);
    return (x < y ? -1 : x > y ? 1 : 0) * by.way;
  });
  const box = h("div", {});
  const again = () => box.replaceWith(table(name, rows, columns));
  const heading = (c, i) => h("th", { class: c[2] || "", scope: "col", title: c[4], "aria-sort": by?.column === i ? (by.way > 0 ? "ascending" : "descending") : "none" },
    c[0] && h("button", { type: "button", onclick: () => { sorting.set(name, { column: i, way: by?.column === i ? -by.way : 1 }); again(); } }, c[0], by?.column === i ? (by.way > 0 ? " ↑" : " ↓") : ""));
  box.append(
    h("div", { class: "scroll" }, h("table", {}, h("thead", {}, h("tr", {}, columns.map(heading))),
      h("tbody", {}, sorted.map((row) => h("tr", {}, columns.map((c) => h("td", { class: c[2] || "" }, c[1](row)))))))),
    h("p", { class: "note" }, h("a", { href: "#", onclick: (event) => { event.preventDefault(); save(name, sorted); } }, "Save as CSV")));
  return box;
}

// The whole rows as the API gave them, one column for each field.
function save(name, rows) {
  const fields = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  const cell = (value) => { const text = typeof value === "object" ? JSON.stringify(value) : String(value ?? "");
    // A spreadsheet must not take a reference for a formula.
    const safe = typeof value === "string" && /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
    return /[",\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe; };
  const lines = [fields, ...rows.map((row) => fields.map((f) => row[f]))].map((line) => line.map(cell).join(","));
  const saved = h("a", { href: URL.createObjectURL(new Blob([lines.join("\r\n") + "\r\n"], { type: "text/csv" })), download: `${name}.csv` });
  saved.click();
  setTimeout(() => URL.revokeObjectURL(saved.href), 1000);
}

export function steps(rows) {
  return h("ol", { class: "steps" }, rows.map(([at, kind, text, other]) => h("li", {}, h("b", {}, kind), " ", h("span", { class: "quiet" }, at), text && h("div", {}, text), other)));
}

export function barChart(rows) {
  if (!rows.length) return h("p", { class: "quiet" }, "Nothing has settled yet.");
  return h("table", {}, h("tbody", {}, rows.map(([label, share, text]) => {
    const bar = h("i", {}); bar.style.width = `${Math.round(100 * share)}%`;
    return h("tr", {}, h("td", {}, label), h("td", {}, h("div", { class: "meter", role: "img", "aria-label": `${label} ${text}` }, bar)), h("td", { class: "number" }, text));
  })));
}

export function lineChart(points, others, label, otherLabel) {
  if (points.length < 2) return h("p", { class: "quiet" }, "It is drawn once two minutes have passed.");
  const W = 600, H = 180, L = 46, B = 22;
  const x0 = points[0][0], x1 = points.at(-1)[0];
  const x = (t) => L + (W - L - 6) * (t - x0) / Math.max(1, x1 - x0);
  const draw = (some, kind) => {
    const top = Math.max(1, ...some.map((p) => p[1]));
    const y = (v) => 8 + (H - B - 8) * (1 - v / top);
    return [s("polyline", { class: `line ${kind}`, points: some.map((p) => `${x(p[0]).toFixed(1)},${y(p[1]).toFixed(1)}`).join(" ") }), top];
  };
  const [line, top] = draw(points, ""), [other, otherTop] = draw(others, "second");
  const svg = s("svg", { viewBox: `0 0 ${W} ${H}`, width: "100%", role: "img", "aria-label": `${label} and ${otherLabel} over time` },
    s("line", { class: "axis", x1: L, y1: H - B, x2: W - 6, y2: H - B }), other, line);
  const put = (text, px, py, anchor = "start") => { const t = s("text", { x: px, y: py, "text-anchor": anchor }); t.textContent = text; svg.append(t); };
  put(top.toLocaleString(), L - 6, 16, "end"); put("0", L - 6, H - B, "end");
  put(new Date(x0).toLocaleTimeString([], { hour12: false }), L, H - 6); put(new Date(x1).toLocaleTimeString([], { hour12: false }), W - 6, H - 6, "end");
  return h("div", {}, svg, h("p", { class: "note" }, `Green: ${label}, up to ${top.toLocaleString()}. Amber: ${otherLabel} so far, ${otherTop.toLocaleString()}.`));
}

// Members on a circle, an arrow for what each paid each, one for every currency.
export function ringDrawing(legs) {
  const names = [...new Set(legs.flatMap((l) => [l[0], l[1]]))].slice(0, 40), W = 640, H = 460, R = 170;
  const at = new Map(names.map((n, i) => { const a = 2 * Math.PI * i / names.length - Math.PI / 2; return [n, [W / 2 + R * Math.cos(a), H / 2 + R * Math.sin(a), a]]; }));
  const svg = s("svg", { viewBox: `0 0 ${W} ${H}`, width: "100%", role: "img", "aria-label": "Who paid whom in the last clearing" },
    s("defs", {}, s("marker", { id: "tip", viewBox: "0 0 8 8", refX: 8, refY: 4, markerWidth: 7, markerHeight: 7, orient: "auto-start-reverse" }, s("path", { d: "M0 0L8 4L0 8z", fill: "currentColor" }))));
  const sums = new Map();
  for (const [payer, payee, currency] of legs) if (at.has(payer) && at.has(payee)) { const k = `${payer}|${payee}|${currency}`; sums.set(k, (sums.get(k) ?? 0) + 1); }
  for (const [k, count] of sums) {
    const [payer, payee, currency] = k.split("|"), [ax, ay] = at.get(payer), [bx, by] = at.get(payee);
    const mx = (ax + bx) / 2 * .72 + W / 2 * .28, my = (ay + by) / 2 * .72 + H / 2 * .28;
    const path = s("path", { class: "edge", d: `M${ax} ${ay}Q${mx} ${my} ${bx} ${by}`, "stroke-width": Math.min(5, 1 + Math.log2(count)), "marker-end": "url(#tip)" });
    const title = s("title", {}); title.textContent = `${payer} paid ${payee} in ${currency}, ${count} times`; path.append(title); svg.append(path);
    if (sums.size <= 24) { const t = s("text", { x: mx, y: my, "text-anchor": "middle", class: "quiet" }); t.textContent = currency; svg.append(t); }
  }
  for (const [name, [x, y, a]] of at) {
    svg.append(s("circle", { class: "node", cx: x, cy: y, r: 6 }));
    const t = s("text", { x: x + 12 * Math.cos(a), y: y + 12 * Math.sin(a) + 4, "text-anchor": Math.cos(a) > .2 ? "start" : Math.cos(a) < -.2 ? "end" : "middle" });
    t.textContent = name; svg.append(t);
  }
  return h("div", { class: "scroll" }, svg);
}
