// The console: asks the API, draws what it answers, and asks again when the node says that
// something changed. Each page is a function that returns elements; nothing is kept but who is
// logged in and the scheme.
import { h, table, barChart, lineChart, ringDrawing, steps } from "./parts.js";
import { api, Refused, onEvents } from "./asking.js";
import { amount, when, instant, setScheme, scheme, setSession, session } from "./words.js";

const main = document.getElementById("main");
const PAGES = [
  ["today", "Today", today], ["books", "Books", books], ["queue", "Queue", queue],
  ["clearing", "Clearing", clearing], ["payments", "Payments", payments],
  ["changes", "Changes", changes], ["journal", "Journal", journal],
];
const SCREENED = [["cases", "Screening", cases]];

function tell(text) {
  const told = document.getElementById("told");
  told.textContent = text; told.hidden = false;
  clearTimeout(tell.later); tell.later = setTimeout(() => { told.hidden = true; }, 8000);
}

const page = (title, ...content) => [h("h1", {}, title), ...content];
const section = (title, ...content) => h("section", {}, title && h("h2", {}, title), ...content);
const stateOf = (state) => h("span", { class: `state ${state}` }, state);
const code = (text) => h("span", { class: "mono" }, text);
const card = (label, value, hint) => h("div", { class: "card", title: hint }, h("b", {}, value), h("span", {}, label));
const link = (payment, text) => h("a", { href: `#/payments/${payment}` }, text ?? String(payment));

// --- the pages

async function today() {
  const [day, queued] = await Promise.all([api("/v1/overview"), api("/v1/queue?limit=8")]);
  const rows = day.currencies;
  const used = (c) => c.settled_minor ? Math.min(1, c.available_minor / c.settled_minor) : 0;
  return page(`Today`,
    h("p", { class: "note" }, `Since ${instant(day.since_ns)}, where the figures of this node begin. Row ${day.seq} of the journal.`),
    h("div", { class: "cards" },
      card("settled", day.settled.toLocaleString(), "Instructions whose legs all moved, for ever"),
      card("waiting", day.waiting.toLocaleString(), "Accepted, and waiting for funds, a window or a partner"),
      card("refused", day.refused.toLocaleString(), "Ended without settling"),
      card("cancelled", day.cancelled.toLocaleString(), "Withdrawn by those who instructed them")),
    h("div", { class: "columns" },
      section("Value settled, by book", table("value-by-book", rows, [
        ["Book", (c) => c.currency],
        ["Settled", (c) => amount(c.settled_minor, c.currency), "number", (c) => c.settled_minor],
        ["Waiting", (c) => amount(c.waiting_minor, c.currency), "number", (c) => c.waiting_minor],
        ["Money at hand", (c) => amount(c.available_minor, c.currency), "number", (c) => c.available_minor, "Balances and limits that may be used, less what is held"],
      ])),
      section("Queue over time", lineChart(day.points.map((p) => [p.at_ns / 1e6, p.waiting]), day.points.map((p) => [p.at_ns / 1e6, p.settled]), "waiting", "settled")),
      section("Money at hand against value settled", barChart(rows.filter((c) => c.settled_minor).map((c) => [c.currency, used(c), `${Math.round(100 * used(c))}%`])),
        h("p", { class: "note" }, "How much money members can use now, for each unit that has settled gross; the smaller, the more often money was used again.")),
      section("Next in the queue", queued.queue.length ? queueTable(queued.queue, "next") : h("p", { class: "quiet" }, "Nothing waits."))));
}

async function books() {
  const [found, days, ahead] = await Promise.all([api("/v1/balances"), api("/v1/books"), api("/v1/forecast")]);
  const forecast = new Map(ahead.accounts.map((f) => [f.member + f.currency, f]));
  const sections = days.books.map((book) => {
    const own = found.balances.filter((b) => b.currency === book.currency);
    if (!own.length) return "";
    const open = book.is_open ? "open" : "closed";
    return h("section", {}, h("h2", {}, `${book.currency} — ${open}, ${book.date}`),
      h("p", { class: "note" }, `Issuer ${book.issuer}.`, book.closes_ns && book.closes_ns < 8e18 ? ` Closes ${instant(book.closes_ns)}.` : ""),
      table(`book-${book.currency}`, own, [
        ["Member", (b) => b.member],
        ["Balance", (b) => amount(b.balance_minor, b.currency), "number", (b) => b.balance_minor],
        ["Limit", (b) => amount(b.limit_minor, b.currency), "number", (b) => b.limit_minor, "How far the balance may go below zero"],
        ["Held", (b) => amount(b.held_minor, b.currency), "number", (b) => b.held_minor, "Earmarked: other payments cannot use it"],
        ["Can use", (b) => amount(b.available_minor, b.currency), "number", (b) => b.available_minor],
        ["By the end of the day", (b) => { const f = forecast.get(b.member + b.currency); return f ? [amount(f.expected_minor, b.currency), f.shortfall_minor ? h("span", { class: "small" }, `short by ${amount(f.shortfall_minor, b.currency)}`) : ""] : ""; }, "number", (b) => forecast.get(b.member + b.currency)?.expected_minor ?? 0, "If all that waits for today settled"],
        ["Waiting", (b) => b.suspended ? "suspended" : String(b.waiting), "number", (b) => b.waiting],
      ]));
  });
  return page("Books", h("p", { class: "note" }, "Each currency moves only on its issuer's book."), ...sections);
}

function queueTable(rows, name, acts) {
  return table(name, rows, [
    ["No.", (q) => link(q.number), "number", (q) => q.number],
    ["From", (q) => [q.sender, h("span", { class: "small" }, q.reference)], "", (q) => q.sender],
    ["Legs", (q) => q.legs.map((l) => h("span", { class: "small" }, `${l.payer} → ${l.payee}  ${amount(l.amount_minor, l.currency)} ${l.currency}`)), "", (q) => q.legs[0]?.amount_minor ?? 0],
    ["Priority", (q) => q.priority],
    ["Value date", (q) => q.value_date],
    ["Why it waits", (q) => [q.waits_for, h("span", { class: "small" }, q.text)], "", (q) => q.waits_for, "And what would free it"],
    ...(acts ? [["", acts]] : []),
  ]);
}

async function queue() {
  const found = await api("/v1/queue?limit=200");
  const mine = ["treasurer", "clerk"].includes(session.role);
  const act = (q) => !mine || q.sender !== session.institution ? "" : h("span", {},
    h("button", { type: "button", onclick: () => change("POST", `/v1/queue/${q.number}/cancel`) }, "Cancel"), " ",
    session.role === "treasurer" ? h("button", { type: "button", onclick: () => change("POST", `/v1/queue/${q.number}/reorder`, { place: "front" }) }, "To the front") : "");
  return page("Queue", section("", found.queue.length ? queueTable(found.queue, "queue", mine ? act : null) : h("p", { class: "quiet" }, "Nothing waits.")),
    found.cursor ? h("p", { class: "note" }, "These are the first 200.") : "");
}

async function clearing() {
  const found = await api("/v1/clearings");
  const drawn = found.runs.find((r) => r.legs.length);
  return page("Clearing and cycles",
    h("p", { class: "note" }, "A solver looks at what waits and proposes what can settle together. The engine checks each proposal exactly before anything moves."),
    drawn ? section(`Who settled with whom, ${instant(drawn.at_ns)}`, ringDrawing(drawn.legs)) : "",
    section("Runs", found.runs.length ? table("clearings", found.runs, [
      ["When", (r) => instant(r.at_ns), "", (r) => r.at_ns],
      ["Proposed", (r) => String(r.proposed), "number", (r) => r.proposed],
      ["Settled", (r) => String(r.settled.length), "number", (r) => r.settled.length],
      ["Members", (r) => String(new Set(r.legs.flatMap((l) => [l[0], l[1]])).size), "number"],
      ["Certificate", (r) => r.has_certificate ? "in the journal" : "none", "", null, "From it anyone can check how much more could have been settled: paritas audit does"],
      ["Row", (r) => String(r.seq), "number", (r) => r.seq],
    ]) : h("p", { class: "quiet" }, "No run since the node began.")),
    ...found.cycles.map((c) => section(`Cycle ${c.name}: ${c.status.replace("_", " ")}`,
      h("p", { class: "note" }, `${c.currencies.join(", ")}; cut-off ${instant(c.cut_off_ns)}; ${c.obligations} obligations.`),
      c.positions.length ? table(`cycle-${c.number}`, c.positions, [
        ["Member", (p) => p.member], ["Book", (p) => p.currency],
        ["Net position", (p) => amount(p.net_minor, p.currency), "number", (p) => p.net_minor, "Below zero is to be paid"]]) : "")));
}

async function payments(id) {
  if (id) return payment(id);
  const query = new URLSearchParams(location.hash.split("?")[1] ?? "");
  const found = await api(`/v1/payments?${query}`);
  const field = (name, label, type = "search") => h("label", {}, `${label} `, h("input", { name, type, value: query.get(name) ?? "" }));
  const form = h("form", { class: "bar", onsubmit: (event) => { event.preventDefault();
      const asked = new URLSearchParams([...new FormData(event.target)].filter(([, v]) => v)); location.hash = `#/payments?${asked}`; } },
    field("reference", "Reference"), field("member", "Member"), field("currency", "Currency"), field("date", "Value date", "date"),
    h("label", {}, "State ", h("select", { name: "state" }, ["", "waiting", "settled", "refused", "cancelled"].map((s) => h("option", { value: s, selected: s === query.get("state") }, s || "any")))),
    h("button", { class: "main" }, "Find"));
  return page("Payments", section("", form, found.payments.length ? table("payments", found.payments, [
    ["No.", (p) => link(p.number), "number", (p) => p.number],
    ["From", (p) => [p.sender, h("span", { class: "small" }, p.reference)], "", (p) => p.sender],
    ["Legs", (p) => p.legs.map((l) => h("span", { class: "small" }, `${l.payer} → ${l.payee}  ${amount(l.amount_minor, l.currency)} ${l.currency}`)), "", (p) => p.legs[0]?.amount_minor ?? 0],
    ["State", (p) => stateOf(p.state), "", (p) => p.state],
    ["Came", (p) => instant(p.received_ns), "", (p) => p.received_ns],
    ["Message", (p) => [p.message_type, h("span", { class: "small" }, p.message_id)], "", (p) => p.message_type],
  ]) : h("p", { class: "quiet" }, "Nothing fits.")),
    found.cursor ? h("p", {}, h("a", { href: `#/payments?${new URLSearchParams([...query.entries(), ["cursor", found.cursor]].filter(([k], i, all) => k !== "cursor" || i === all.length - 1))}` }, "Older ones")) : "");
}

async function payment(id) {
  const { payment: p, timeline } = await api(`/v1/payments/${encodeURIComponent(id)}`);
  const row = (label, value, hint) => value ? [h("dt", hint ? { title: hint } : {}, label), h("dd", {}, value)] : [];
  return page(["Payment ", String(p.number), " ", stateOf(p.state)],
    h("div", { class: "columns" },
      section("What happened", steps(timeline.map((s) => [instant(s.at_ns), s.kind, [s.status, s.reason, s.text].filter(Boolean).join(" — "), s.other ? link(s.other, `payment ${s.other}`) : ""]))),
      h("div", {},
        section("Legs", h("p", { class: "note" }, "All of them settle in the same moment, or none."), table("legs", p.legs, [
          ["Payer", (l) => l.payer], ["Payee", (l) => l.payee],
          ["Amount", (l) => `${amount(l.amount_minor, l.currency)} ${l.currency}`, "number", (l) => l.amount_minor]])),
        section("Names", h("dl", {},
          ...row("UETR", p.uetr && code(p.uetr), "The reference that tracks a payment from end to end"), ...row("Reference", p.reference), ...row("Message", p.message_id && `${p.message_type} ${p.message_id}`),
          ...row("Instructed by", p.sender), ...row("Value date", p.value_date), ...row("Trade", p.trade), ...row("Other side", p.partner && link(p.partner)),
          ...row("Pays back", p.returns && link(p.returns)), ...row("Tracking", p.tracking, "In the terms of gpi: ACSP settled on the way, ACCC credited, RJCT refused"),
          ...row("Reason", [p.reason, p.text].filter(Boolean).join(": ")), ...row("Journal row", String(p.seq)))))));
}

async function changes() {
  const found = await api("/v1/changes");
  const may = ["operator", "issuer", "treasurer"].includes(session.role);
  return page("Changes that wait", h("p", { class: "note" }, "Limits, money, membership, keys and the rulebook change only when a second person agrees; what concerns all takes several issuers."),
    ...(found.changes.length ? found.changes.map((c) => section(`${c.number}: ${c.kind}`,
      h("dl", {}, ...Object.entries(c.says).flatMap(([k, v]) => [h("dt", {}, k.replaceAll("_", " ")), h("dd", {}, v)]),
        h("dt", {}, "Proposed by"), h("dd", {}, c.proposed_by), h("dt", {}, "Approved so far"), h("dd", {}, c.approvals.map((a) => a.institution || "operator").join(", ") || "by nobody yet"),
        h("dt", {}, "Needs"), h("dd", {}, [...c.needs, c.needs_issuers ? `${c.needs_issuers} issuers` : ""].filter(Boolean).join(", ")), h("dt", {}, "Lapses"), h("dd", {}, instant(c.expires_ns)), h("dt", { title: "SHA-256 of exactly what is approved" }, "Digest"), h("dd", { class: "mono" }, c.digest)),
      may ? h("p", { class: "bar" }, h("button", { class: "main", type: "button", onclick: () => change("POST", `/v1/changes/${c.number}/approve`, { digest: c.digest }) }, "Approve"),
        h("button", { type: "button", onclick: () => change("POST", `/v1/changes/${c.number}/withdraw`) }, "Turn down")) : "")) : [section("", h("p", { class: "quiet" }, "Nothing waits for a second person."))]));
}

async function cases(number) {
  const found = await api("/v1/cases");
  const may = session.role === "compliance";
  const decide = (c, decision) => { const reason = prompt(`Why ${decision}? The reason is kept with the case.`); if (reason) change("POST", `/v1/cases/${c.number}/${c.currency}/decide`, { decision, reason }); };
  return page("Screening cases", h("p", { class: "note" }, "A hit holds its payment whole. Two different people decide; nobody else is told why it waits."),
    ...(found.cases.length ? found.cases.map((c) => section(`Payment ${c.number}, ${c.currency}`, h("dl", {}, ...Object.entries(c).filter(([k, v]) => typeof v !== "object" && v !== "").flatMap(([k, v]) => [h("dt", {}, k.replaceAll("_", " ")), h("dd", {}, String(v))])),
      may ? h("p", { class: "bar" }, ["release", "reject", "freeze"].map((d) => h("button", { type: "button", class: d === "release" ? "main" : "", onclick: () => decide(c, d) }, d))) : "")) : [section("", h("p", { class: "quiet" }, "No case is open."))]));
}

async function journal() {
  const [head, health] = await Promise.all([api("/v1/journal/head"), api("/ready")]);
  const facts = (o) => h("dl", {}, ...Object.entries(o).filter(([, v]) => typeof v !== "object").flatMap(([k, v]) => [h("dt", {}, k.replaceAll("_", " ")), h("dd", { class: "mono" }, k.endsWith("_ns") ? instant(v) : String(v))]));
  return page("Journal and node", h("p", { class: "note" }, "Every row's hash follows from the one before it. Anyone may download the public part and check it: paritas audit."),
    h("div", { class: "columns" }, section("Head", facts(head)), section("Node", facts(health), h("p", {}, h("a", { href: "/metrics" }, "Metrics")), h("p", {}, h("a", { href: "/openapi.json" }, "The API, described")))));
}

// --- acting

async function change(method, path, body) {
  try { await api(path, { method, body }); tell("Done."); await show(); }
  catch (error) { tell(error.message); }
}

// --- finding the way

function route() {
  const [name, id] = location.hash.replace(/^#\//, "").split("?")[0].split("/");
  return [pages().find((p) => p[0] === name) ?? PAGES[0], id];
}
const pages = () => session.role === "compliance" ? [...PAGES.slice(0, 5), ...SCREENED, ...PAGES.slice(5)] : PAGES;

let showing = 0;
async function show(quietly = false) {
  const turn = ++showing, [current, id] = route();
  document.getElementById("nav").replaceChildren(...pages().map(([name, label]) => h("a", { href: `#/${name}`, ...(name === current[0] ? { "aria-current": "page" } : {}) }, label)));
  document.title = `${current[1]} — ${scheme.name || "Paritas"}`;
  try {
    const content = await current[2](id && decodeURIComponent(id));
    // A page that was left before its answer came is not drawn over the one that is shown; and a
    // form that somebody is filling in is not taken from under the fingers.
    const typing = quietly && main.contains(document.activeElement) && document.activeElement.matches("input, select");
    if (turn === showing && !typing) main.replaceChildren(...content.flat(9).filter((x) => x !== ""));
  } catch (error) {
    if (error instanceof Refused && error.status === 401) return login();
    if (!quietly) main.replaceChildren(h("h1", {}, "That did not work"), h("p", {}, error.message));
  }
}

function login(text = "") {
  document.getElementById("top").hidden = true;
  onEvents(null);
  const form = h("form", { class: "login card", onsubmit: async (event) => {
    event.preventDefault();
    const asked = Object.fromEntries(new FormData(form));
    try { setSession(await api("/v1/session", { method: "POST", body: asked })); await begin(); }
    catch (error) { login(error.message); }
  } }, h("h1", {}, "Log in"), text && h("p", { role: "alert" }, text),
    h("label", {}, "Name", h("input", { name: "name", autocomplete: "username", required: true })),
    h("label", {}, "Password", h("input", { name: "password", type: "password", autocomplete: "current-password", required: true })),
    h("label", {}, "Code of the second factor", h("input", { name: "code", inputmode: "numeric", autocomplete: "one-time-code", required: true, minlength: 6 })),
    h("button", { class: "main" }, "Log in"));
  main.replaceChildren(form);
  form.elements.name.focus();
}

async function begin() {
  setScheme(await api("/v1/scheme"));
  document.getElementById("scheme").textContent = scheme.name;
  document.getElementById("who").textContent = [session.name, session.role, session.institution].filter(Boolean).join(", ");
  document.getElementById("leave").hidden = !session.csrf;
  document.getElementById("top").hidden = false;
  const live = document.getElementById("live");
  let later = 0;
  onEvents((on) => { live.textContent = on ? "live" : "not connected"; live.classList.toggle("on", on); },
    () => { later ||= setTimeout(() => { later = 0; if (!document.hidden) show(true); }, 700); });
  await show();
}

document.getElementById("leave").addEventListener("click", async () => { await api("/v1/session", { method: "DELETE" }); setSession({}); login(); });
document.getElementById("search").addEventListener("submit", (event) => {
  event.preventDefault();
  const text = document.getElementById("search-text").value.trim();
  if (text) location.hash = /^\d+$|^[0-9a-f-]{36}$/i.test(text) ? `#/payments/${encodeURIComponent(text)}` : `#/payments?reference=${encodeURIComponent(text)}`;
});
addEventListener("keydown", (event) => { if (event.key === "/" && !event.target.matches("input, select")) { event.preventDefault(); document.getElementById("search-text").focus(); } });
addEventListener("hashchange", async () => { await show(); main.focus(); });

try { setSession(await api("/v1/session")); await begin(); }
catch (error) {
  if (error instanceof Refused && error.code === "not_found") { setSession({ role: "auditor", name: "looking on" }); await begin(); }
  else login();
}
