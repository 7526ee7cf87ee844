// What the page asks of the service: JSON, event streams, and the keys they need.
// A key lives as long as the tab; without one nothing is sent, as on this machine none is needed.

export class Problem extends Error {
  constructor(sentence, status) {
    super(sentence);
    this.status = status;
  }
}

const KEYS = { query: "reread.key", admin: "reread.admin" };
export const keyOf = (kind) => sessionStorage.getItem(KEYS[kind]);
export const useKey = (kind, key) => sessionStorage.setItem(KEYS[kind], key);
export const dropKey = (kind) => sessionStorage.removeItem(KEYS[kind]);

function headersFor(kind, body) {
  const key = keyOf(kind) || keyOf("admin") || keyOf("query");
  const headers = {};
  if (key) headers.Authorization = `Bearer ${key}`;
  if (body instanceof Blob) headers["Content-Type"] = "application/octet-stream";
  else if (body !== undefined) headers["Content-Type"] = "application/json";
  return headers;
}

async function send(path, { method = "GET", body, kind = "query", signal } = {}) {
  let reply;
  try {
    reply = await fetch(path, {
      method, signal, headers: headersFor(kind, body),
      body: body === undefined || body instanceof Blob ? body : JSON.stringify(body),
    });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Problem("The service does not answer. It may be starting again: try in a moment; what you typed is still here.", 0);
  }
  if (!reply.ok) {
    const said = await reply.json().catch(() => ({}));
    throw new Problem(said.detail || `The service answered with status ${reply.status}.`, reply.status);
  }
  return reply;
}

export async function call(path, options) {
  return (await send(path, options)).json();
}

// Server-sent events through fetch, which can carry a key; yields [name, data].
export async function* events(path, options) {
  const reply = await send(path, options);
  const reader = reply.body.pipeThrough(new TextDecoderStream()).getReader();
  let waiting = "";
  for (;;) {
    let part;
    try {
      part = await reader.read();
    } catch (error) {
      if (error.name === "AbortError") throw error;
      throw new Problem("The connection to the service broke off; try again in a moment.", 0);
    }
    if (part.done) return;
    waiting += part.value;
    const blocks = waiting.split("\n\n");
    waiting = blocks.pop();
    for (const block of blocks) {
      const fields = Object.fromEntries(block.split("\n").map((line) => {
        const cut = line.indexOf(": ");
        return [line.slice(0, cut), line.slice(cut + 2)];
      }));
      if (fields.data) yield [fields.event, JSON.parse(fields.data)];
    }
  }
}
