// The public API. The page lies beside it, so its addresses are relative to the page's own, whatever path that has.

const ROOT = new URL(".", location.href.split("#")[0]);

// What the API refused, in its own words: `errors` names fields, `effort` is what it asks for
export class Problem extends Error {
  constructor(message, status, code, errors, effort) {
    super(message);
    Object.assign(this, { status, code, errors, effort });
  }
}

export const address = (path) => new URL(path, ROOT).href;

const search = (query) => {
  const known = Object.entries(query).filter(([, value]) => value);
  return known.length ? `?${new URLSearchParams(known)}` : "";
};

let ahead = 0;
let token = null;

// From now on, ask in the name of whom this access token is for
export const useToken = (given) => { token = given; };

// Now by the server's clock, which decides; the reader's own may be wrong
export const now = () => Date.now() - ahead;

const ask = async (path, options) => {
  let answer, body;
  try {
    const headers = { ...options.headers, ...(token && { Authorization: `Bearer ${token}` }) };
    answer = await fetch(address(path), { credentials: "omit", ...options, headers });
    const served = Date.parse(answer.headers.get("Date"));
    if (served && !answer.headers.get("Age")) ahead = Date.now() - served;
    body = await answer.json();
  } catch (error) {
    if (error.name === "AbortError") throw error;
    const message = answer ? "系统暂时出现故障，请稍后重试。" : "暂时连接不上服务器，请检查网络后重试。";
    throw new Problem(message, answer?.status ?? 0, answer ? "FAULT" : "OFFLINE", []);
  }
  if (answer.ok) return body;
  throw new Problem(body.detail ?? "系统暂时出现故障，请稍后重试。", answer.status, body.code ?? "FAULT", body.errors ?? [], body.effort);
};

export const read = (path, query = {}, signal = undefined) => ask(path + search(query), { signal });

export const send = (path, body, key = undefined) =>
  ask(path, {
    method: "POST",
    headers: { "Content-Type": "application/json", ...(key && { "Idempotency-Key": key }) },
    body: JSON.stringify(body),
  });

// One after the other, every page of a list that is short by its nature
export const readAll = async (path, query, signal) => {
  const items = [];
  for (let cursor = ""; cursor !== null;) {
    const page = await read(path, { ...query, limit: 100, cursor }, signal);
    items.push(...page.items);
    cursor = page.next_cursor;
  }
  return items;
};
