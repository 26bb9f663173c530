// Predicts the LUT of a look from a thumbnail, beside the page's own thread.
import { ScriptNetwork } from "./network.js";
import { openSession } from "./runtime.js";

let predict;

async function open(style) {
  const folder = new URL("../style/", import.meta.url), { thumbnailSide: side } = style;
  const shape = [1, 3, side, side];
  if (style.network === "script") {
    const [described, packed] = await Promise.all([
      fetch(new URL("network.json", folder)).then(response => response.json()),
      fetch(new URL("network.bin", folder)).then(response => response.arrayBuffer()),
    ]);
    const network = new ScriptNetwork(described, packed);
    predict = async data => network.run("thumbnail", { shape, data }).data;
    return;
  }
  const model = await fetch(new URL("generator.onnx", folder)).then(response => response.arrayBuffer());
  const run = async (ort, session, data) => (await session.run({ thumbnail: new ort.Tensor("float32", data, shape) })).lut.data;
  const { ort, session } = await openSession(model, (ort, session) => run(ort, session, new Float32Array(3 * side * side)));
  predict = data => run(ort, session, data);
}

// From RGBA in bytes to planes in [0, 1].
function planes(pixels) {
  const count = pixels.length / 4, data = new Float32Array(3 * count);
  for (let i = 0; i < count; i++) for (let c = 0; c < 3; c++) data[c * count + i] = pixels[4 * i + c] / 255;
  return data;
}

self.onmessage = async ({ data: { style, id, pixels } }) => {
  try {
    if (style) {
      await open(style);
      self.postMessage({ ready: true });
      return;
    }
    const table = Float32Array.from(await predict(planes(pixels)));
    if (!table.every(Number.isFinite)) throw new Error("its network returned no usable LUT");
    self.postMessage({ id, table }, [table.buffer]);
  } catch (error) {
    self.postMessage({ id, failed: String(error?.message ?? error) });
  }
};
