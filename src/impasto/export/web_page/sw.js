// Keeps the page, so that it works without a network. {{kept}} is filled in when the page is written.
"use strict";
const KEPT = {{kept}};
const SCOPE = new URL("./", self.location).href;
// Several exported pages may share an origin, and each looks after its own.
const PREFIX = `impasto ${SCOPE} `;
const CACHE = PREFIX + KEPT.version;
const LATER = new Set(KEPT.later.map(path => new URL(path, SCOPE).href));
const POLICY = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'; style-src 'self'; " +
  "img-src 'self' blob:; media-src 'self' blob:; connect-src 'self'; manifest-src 'self'; base-uri 'none'; " +
  "form-action 'none'; frame-ancestors 'self'";

self.addEventListener("install", event => event.waitUntil((async () => {
  const cache = await caches.open(CACHE);
  await cache.addAll(KEPT.shell.map(path => new Request(new URL(path, SCOPE), { cache: "reload" })));
})()));

self.addEventListener("activate", event => event.waitUntil((async () => {
  const names = await caches.keys();
  await Promise.all(names.filter(name => name.startsWith(PREFIX) && name !== CACHE).map(name => caches.delete(name)));
  await self.clients.claim();
})()));

self.addEventListener("fetch", event => {
  const { request } = event;
  if (request.method === "GET" && request.url.startsWith(SCOPE)) event.respondWith(answer(request));
});

async function answer(request) {
  const url = request.url.replace(/[?#].*/, "");
  const asked = url === `${SCOPE}index.html` ? SCOPE : url;
  const cache = await caches.open(CACHE);
  const kept = await cache.match(asked);
  if (kept) return isolated(kept);
  const fetched = await fetch(request);
  if (!LATER.has(url)) return fetched;
  if (fetched.ok) await cache.put(url, fetched.clone());
  return isolated(fetched);
}

// Threads in WebAssembly are for pages that are cut off from others, which few hosts can be told to say.
function isolated(response) {
  if (!response.ok) return response;
  const headers = new Headers(response.headers);
  headers.set("Cross-Origin-Opener-Policy", "same-origin");
  headers.set("Cross-Origin-Embedder-Policy", "require-corp");
  headers.set("Cross-Origin-Resource-Policy", "same-origin");
  headers.set("Content-Security-Policy", POLICY);
  return new Response(response.body, { status: response.status, statusText: response.statusText, headers });
}
