/** What the server is asked, and what its refusals mean. */
import { words, hasWords } from "./language.js";
import { isKnown, spokenText } from "./said.js";

const BASE = "/api/v1";

/** A refusal, in words for the user. */
export class Refusal extends Error {
  constructor(status, error, retryAfter) {
    const kind = `error.${error?.code}`;
    const said = error?.message ?? words("error.unknown", { status });
    super(isKnown(said) || !hasWords(kind) ? spokenText(said) : `${words(kind)} ${said}`);
    this.status = status;
    this.code = error?.code ?? "";
    this.retryAfter = Number(retryAfter) || 0;
  }
}

function clientId() {
  let id = localStorage.getItem("impasto-client");
  if (!id) {
    id = crypto.getRandomValues(new Uint32Array(4)).reduce((text, part) => text + part.toString(36), "p-");
    localStorage.setItem("impasto-client", id);
  }
  return id;
}

async function refusalOf(response) {
  const body = await response.json().catch(() => null);
  if (response.status === 401) document.dispatchEvent(new CustomEvent("token-needed"));
  return new Refusal(response.status, body?.error, response.headers.get("Retry-After"));
}

const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** Ask for a response; a busy server is asked again when it says so. */
export async function ask(path, options = {}, tries = 4) {
  const url = path.startsWith("/api") ? path : BASE + path;
  const headers = { "X-Impasto-Client": clientId(), ...options.headers };
  let response;
  try {
    response = await fetch(url, { ...options, headers });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Refusal(0, { code: "offline", message: words("error.offline") });
  }
  if (response.ok) return response;
  const refusal = await refusalOf(response);
  if (refusal.status === 429 && tries > 1) {
    await pause(1000 * Math.min(10, refusal.retryAfter || 1));
    return ask(path, options, tries - 1);
  }
  throw refusal;
}

export const getJson = async (path, options) => (await ask(path, options)).json();

export async function send(method, path, body) {
  const options =
    body === undefined
      ? { method }
      : { method, body: JSON.stringify(body), headers: { "Content-Type": "application/json" } };
  const response = await ask(path, options);
  return response.status === 204 ? null : response.json();
}

/** Send one file as it is; `onProgress` hears the share that has been sent. */
export function upload(file, onProgress = () => {}, path = `/uploads?name=${encodeURIComponent(file.name)}`) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("POST", BASE + path);
    request.setRequestHeader("X-Impasto-Client", clientId());
    request.upload.addEventListener(
      "progress",
      (event) => event.lengthComputable && onProgress(event.loaded / event.total),
    );
    request.addEventListener("load", () => {
      let body = null;
      try {
        body = JSON.parse(request.responseText);
      } catch {
        /* the refusal below says enough */
      }
      if (request.status < 300) resolve(body);
      else if (request.status === 429)
        pause(1000 * (Number(request.getResponseHeader("Retry-After")) || 1))
          .then(() => upload(file, onProgress, path))
          .then(resolve, reject);
      else reject(new Refusal(request.status, body?.error));
    });
    request.addEventListener("error", () =>
      reject(new Refusal(0, { code: "offline", message: words("error.offline") })),
    );
    request.send(file);
  });
}

/** Yield the objects of a stream of JSON lines. */
export async function* lines(path, signal) {
  const response = await ask(path, { signal });
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { done, value } = await reader.read();
    rest += value ?? "";
    const parts = rest.split("\n");
    rest = parts.pop();
    for (const part of parts) if (part.trim()) yield JSON.parse(part);
    if (done) break;
  }
  if (rest.trim()) yield JSON.parse(rest);
}

export function query(values) {
  const given = Object.entries(values).filter(([, value]) => value !== undefined && value !== null && value !== "");
  return new URLSearchParams(given).toString();
}

export function socketUrl(path) {
  return `${location.protocol === "https:" ? "wss" : "ws"}://${location.host}${BASE}${path}`;
}

/** A socket that comes back when it is lost; returns a function that ends it. */
export function listen(path, onMessage) {
  let socket = null,
    ended = false,
    wait = 500;
  const open = () => {
    socket = new WebSocket(socketUrl(path));
    socket.addEventListener("message", (event) => {
      wait = 500;
      onMessage(JSON.parse(event.data));
    });
    socket.addEventListener("close", (event) => {
      if (ended || event.code === 1000 || (event.code >= 4400 && event.code < 4429)) return;
      setTimeout(() => ended || open(), wait);
      wait = Math.min(8000, wait * 2);
    });
  };
  open();
  return () => {
    ended = true;
    socket.close();
  };
}

/** Let the browser save what the server sends, and report a refusal instead of leaving the page. */
export async function saveAs(path, name) {
  const response = await ask(path);
  const named = /filename\*?=(?:UTF-8'')?"?([^";]+)/i.exec(response.headers.get("Content-Disposition") ?? "");
  saveBlob(await response.blob(), named ? decodeURIComponent(named[1]) : name);
}

export function saveBlob(blob, name) {
  const url = URL.createObjectURL(blob);
  const link = Object.assign(document.createElement("a"), { href: url, download: name });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}
