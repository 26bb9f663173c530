// Loads onnxruntime-web from this page's own folder: on WebGPU where that works, and else in WebAssembly.
const FOLDER = new URL("../runtime/", import.meta.url);
const MAX_THREADS = 4;

async function load(script, binary) {
  const ort = await import(new URL(script, FOLDER).href);
  ort.env.wasm.wasmPaths = { mjs: new URL(`${binary}.mjs`, FOLDER).href, wasm: new URL(`${binary}.wasm`, FOLDER).href };
  ort.env.wasm.numThreads = self.crossOriginIsolated ? Math.min(MAX_THREADS, navigator.hardwareConcurrency || 1) : 1;
  ort.env.logLevel = "error";
  return ort;
}

async function onGraphicsCard(model, tryOut) {
  const adapter = await navigator.gpu?.requestAdapter({ powerPreference: "high-performance" });
  if (!adapter || adapter.info?.isFallbackAdapter) return null;
  const ort = await load("ort.webgpu.min.mjs", "ort-wasm-simd-threaded.asyncify");
  const session = await ort.InferenceSession.create(model, { executionProviders: ["webgpu"] });
  await tryOut(ort, session);
  return { ort, session, engine: "WebGPU" };
}

// `tryOut(ort, session)` throws where results cannot be used.
export async function openSession(model, tryOut) {
  try {
    const found = await onGraphicsCard(model, tryOut);
    if (found) return found;
  } catch { /* Drivers fail in many ways, and WebAssembly runs everywhere. */ }
  const ort = await load("ort.wasm.min.mjs", "ort-wasm-simd-threaded");
  const session = await ort.InferenceSession.create(model, { executionProviders: ["wasm"] });
  await tryOut(ort, session);
  return { ort, session, engine: "WebAssembly" };
}
