// Asking the API: one function, and the stream of what changes.
import { session } from "./words.js";

export class Refused extends Error {
  constructor(status, problem) { super(problem.detail || problem.title || `The node answered ${status}.`); this.status = status; this.code = problem.code ?? ""; }
}

export async function api(path, { method = "GET", body } = {}) {
  const headers = { Accept: "application/json" };
  if (method !== "GET") {
    if (session.csrf) headers["paritas-csrf"] = session.csrf;
    headers["Content-Type"] = "application/json";
  }
  const answer = await fetch(path, { method, headers, body: method === "GET" || method === "DELETE" ? undefined : JSON.stringify(body ?? {}), credentials: "same-origin" });
  if (answer.status === 204) return null;
  const said = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Refused(answer.status, said);
  return said;
}

const KINDS = "payment.settled payment.waiting payment.refused payment.cancelled payment.matched payment.cancel_asked payment.moved message.received message.refused hold.offered hold.promised hold.released hold.captured account.limit account.issued account.redeemed account.suspended account.reinstated account.reservation book.opened book.cut_off book.closed change.proposed change.approved change.applied change.failed change.withdrawn change.expired".split(" ");
let source = null;
// Follow what changes; EventSource comes back by itself and resumes where it was.
export function onEvents(connected, changed) {
  source?.close(); source = null;
  if (!connected) return;
  source = new EventSource("/v1/events");
  source.onopen = () => connected(true);
  source.onerror = () => connected(false);
  source.onmessage = changed;
  const listen = source.addEventListener.bind(source);
  for (const kind of KINDS) listen(kind, changed);
}
