"""What stands in for onnxruntime-web, which no test may fetch: it has its interface, and paints one thing."""

from __future__ import annotations

_PAINTERS = {
    "identity": "content",
    "invert": "content.map(value => 1 - value)",
    "grain": "content.map((value, i) => Math.min(Math.max(value + 0.1 * noise[i % noise.length], 0), 1))",
    "broken": "content.map(() => NaN)",
}
_MODULE = """
export const env = { wasm: {} };
export class Tensor {
  constructor(type, data, dims) { Object.assign(this, { type, data, dims }); }
}
export const InferenceSession = { create: async model => {
  if (!(model instanceof ArrayBuffer)) throw new Error("the model is no buffer");
  await (await fetch(env.wasm.wasmPaths.wasm)).arrayBuffer();
  return { run: async inputs => {
    const { content: { data: content, dims }, state: { data: state }, noise: { data: noise } } = inputs;
    const [, channels, height, width] = dims;
    if (channels !== 3 || height % 8 || width % 8 || state.length !== content.length || noise.length !== height * width)
      throw new Error(`sizes are ${dims}`);
    const next = content.map((value, i) => state[i] + Math.min(8 * Math.abs(value - state[i]), 1) * (value - state[i]));
    return { painted: { data: paint(next, noise) }, next_state: { data: next } };
  } };
} };
const paint = (content, noise) => PAINTED;
"""


def fake_runtime(kind: str = "identity") -> dict[str, bytes]:
    """Return files, named as the real ones are, that paint as `paint_styles.paint_model(kind)` does."""
    scripts = ("ort.wasm.min.mjs", "ort.webgpu.min.mjs")
    files = {script: _MODULE.replace("PAINTED", _PAINTERS[kind]).encode() for script in scripts}
    for build in ("ort-wasm-simd-threaded", "ort-wasm-simd-threaded.asyncify"):
        files |= {f"{build}.mjs": b"", f"{build}.wasm": b"\0asm" * 1000}
    return files
