// How things are said: amounts in the currency's own decimals, moments in the reader's own time.
export let scheme = { name: "", currencies: [], members: [] };
export let session = {};
let digits = new Map();

export function setScheme(found) { scheme = found; digits = new Map(found.currencies.map((c) => [c.currency, c.digits])); }
export function setSession(found) { session = found; }

// Amounts can be larger than a JavaScript number holds exactly only above 9 * 10^15 minor units;
// BigInt keeps the digits that came.
export function amount(minor, currency) {
  const places = digits.get(currency) ?? 2, below = BigInt(minor) < 0n;
  const text = String(below ? -BigInt(minor) : BigInt(minor)).padStart(places + 1, "0");
  const whole = text.slice(0, text.length - places).replace(/\B(?=(\d{3})+$)/g, "\u202f");
  return `${below ? "\u2212" : ""}${whole}${places ? "." + text.slice(-places) : ""}`;
}

export const when = (ns) => new Date(Number(ns) / 1e6);
export function instant(ns) {
  if (!ns || Number(ns) > 8e18) return "—";
  const date = when(ns), now = new Date();
  const clock = date.toLocaleTimeString([], { hour12: false });
  return date.toDateString() === now.toDateString() ? clock : `${date.toLocaleDateString()} ${clock}`;
}
