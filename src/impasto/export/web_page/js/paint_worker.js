// Paints pictures at working size, beside the page's own thread, and remembers what steadies the next one.
import { noiseField } from "./noise.js";
import { relate } from "./relation.js";
import { openSession } from "./runtime.js";
import { simplify } from "./simplify.js";

const TRIED_SIDE = 64;
let opened, radius, held = { size: "" };

async function open(style) {
  radius = style.simplification;
  const response = await fetch(new URL("../style/generator.onnx", import.meta.url));
  opened = await openSession(await response.arrayBuffer(), async (ort, session) => {
    const content = new Float32Array(3 * TRIED_SIDE ** 2).fill(0.5);
    const { painted } = await run(ort, session, content, content, TRIED_SIDE, TRIED_SIDE);
    if (!painted.every(Number.isFinite)) throw new Error("its network returned no usable picture");
  });
}

async function run(ort, session, content, state, height, width, noise = noiseField(height, width)) {
  const tensor = (data, channels) => new ort.Tensor("float32", data, [1, channels, height, width]);
  const inputs = { content: tensor(content, 3), state: tensor(state, 3), noise: tensor(noise, 1) };
  const outputs = await session.run(inputs);
  return { painted: outputs.painted.data, next: outputs.next_state.data };
}

function planes(pixels) {
  const count = pixels.length / 4, data = new Float32Array(3 * count);
  for (let i = 0; i < count; i++) for (let c = 0; c < 3; c++) data[c * count + i] = pixels[4 * i + c] / 255;
  return data;
}

// Cuts off what was added around the picture.
function inner(data, size) {
  const { padded, margin, height, width } = size, result = new Float32Array(3 * height * width);
  for (let c = 0; c < 3; c++) {
    for (let y = 0; y < height; y++) {
      const start = (c * padded.height + y + margin) * padded.width + margin;
      result.set(data.subarray(start, start + width), (c * height + y) * width);
    }
  }
  return result;
}

async function paint({ pixels, size, isFirst }) {
  const { height, width } = size.padded, name = `${height} ${width}`;
  const content = planes(pixels), simple = simplify(content, height, width, radius);
  if (held.size !== name) held = { size: name, noise: noiseField(height, width) };
  const state = isFirst || !held.state ? simple : held.state;
  const { painted, next } = await run(opened.ort, opened.session, simple, state, height, width, held.noise);
  held.state = next;
  return relate(inner(content, size), inner(painted, size), size.height, size.width);
}

self.onmessage = async ({ data }) => {
  try {
    if (data.style) {
      await open(data.style);
      self.postMessage({ ready: true, engine: opened.engine });
      return;
    }
    const { colors, ranges } = await paint(data);
    self.postMessage({ id: data.id, colors, ranges }, [colors.buffer, ranges.buffer]);
  } catch (error) {
    self.postMessage({ id: data.id, failed: String(error?.message ?? error) });
  }
};
