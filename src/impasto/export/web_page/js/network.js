// Runs the small network of a look, as web_network.py wrote it down. Numbers are { shape, data }, data a Float32Array.

const size = shape => shape.reduce((product, side) => product * side, 1);
const make = (shape, data = new Float32Array(size(shape))) => ({ shape, data });

function strides(shape) {
  const steps = new Array(shape.length).fill(1);
  for (let axis = shape.length - 2; axis >= 0; axis--) steps[axis] = steps[axis + 1] * shape[axis + 1];
  return steps;
}

function broadcast(shapes) {
  const length = Math.max(...shapes.map(shape => shape.length));
  return Array.from({ length }, (_, axis) => shapes.reduce((side, shape) => {
    const other = shape[axis - length + shape.length] ?? 1;
    if (side !== 1 && other !== 1 && side !== other) throw new Error(`sides ${side} and ${other} do not fit`);
    return side === 1 ? other : side;
  }, 1));
}

// The steps through numbers of `from` while walking over `to`: 0 along sides that are repeated.
function stepsWithin(from, to) {
  const own = strides(from);
  return to.map((_, axis) => {
    const place = axis - to.length + from.length;
    return place < 0 || from[place] === 1 ? 0 : own[place];
  });
}

function elementwise(combine) {
  return (one, other) => {
    const shape = broadcast([one.shape, other.shape]), result = make(shape);
    const steps = [stepsWithin(one.shape, shape), stepsWithin(other.shape, shape)];
    walk(shape, steps, (i, a, b) => { result.data[i] = combine(one.data[a], other.data[b]); });
    return result;
  };
}

// Visits every place of a shape in order, with where that is in two arrays.
function walk(shape, [first, second], visit) {
  const place = new Array(shape.length).fill(0), count = size(shape);
  let a = 0, b = 0;
  for (let i = 0; i < count; i++) {
    visit(i, a, b);
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      a += first[axis]; b += second[axis];
      if (++place[axis] < shape[axis]) break;
      a -= first[axis] * shape[axis]; b -= second[axis] * shape[axis];
      place[axis] = 0;
    }
  }
}

const mapped = change => ({ shape, data }) => make(shape, data.map(change));

function reduce(numbers, axes, { keepdims = 1, noop_with_empty_axes: idle = 0 }, isMean) {
  const { shape, data } = numbers;
  if (!axes && idle) return numbers;
  const gone = new Set((axes ? [...axes.data] : shape.map((_, axis) => axis)).map(axis => axis < 0 ? axis + shape.length : axis));
  const narrow = shape.map((side, axis) => gone.has(axis) ? 1 : side), sums = new Float64Array(size(narrow));
  walk(shape, [stepsWithin(narrow, shape), stepsWithin(shape, shape)], (i, a) => { sums[a] += data[i]; });
  const share = isMean ? size(narrow) / size(shape) : 1;
  return make(keepdims ? narrow : shape.filter((_, axis) => !gone.has(axis)), Float32Array.from(sums, sum => sum * share));
}

function reshape({ shape, data }, wanted, { allowzero = 0 }) {
  const sides = [...wanted.data].map((side, axis) => side === 0 && !allowzero ? shape[axis] : side);
  const known = sides.reduce((product, side) => side === -1 ? product : product * side, 1);
  return make(sides.map(side => side === -1 ? data.length / known : side), data);
}

function unsqueeze({ shape, data }, axes) {
  const length = shape.length + axes.data.length, sides = [...shape];
  const added = new Set([...axes.data].map(axis => axis < 0 ? axis + length : axis));
  return make(Array.from({ length }, (_, axis) => added.has(axis) ? 1 : sides.shift()), data);
}

function concat(parts, { axis }) {
  const along = axis < 0 ? axis + parts[0].shape.length : axis, shape = [...parts[0].shape];
  shape[along] = parts.reduce((sum, part) => sum + part.shape[along], 0);
  const result = make(shape), before = size(shape.slice(0, along)), row = size(shape.slice(along));
  let start = 0;
  for (const { shape: own, data } of parts) {
    const piece = size(own.slice(along));
    for (let i = 0; i < before; i++) result.data.set(data.subarray(i * piece, (i + 1) * piece), i * row + start);
    start += piece;
  }
  return result;
}

function matmul(one, other) {
  if (one.shape.length !== 2 || other.shape.length !== 2) throw new Error("only matrices are multiplied");
  return gemm(one, other, null, {});
}

function gemm(one, other, bias, { transA = 0, transB = 0, alpha = 1, beta = 1 }) {
  const [rows, inner] = transA ? [one.shape[1], one.shape[0]] : one.shape;
  const columns = transB ? other.shape[0] : other.shape[1], result = make([rows, columns]);
  const added = bias && stepsWithin(bias.shape, result.shape);
  for (let y = 0; y < rows; y++) {
    for (let x = 0; x < columns; x++) {
      let sum = 0;
      for (let k = 0; k < inner; k++) {
        sum += one.data[transA ? k * rows + y : y * inner + k] * other.data[transB ? x * inner + k : k * columns + x];
      }
      result.data[y * columns + x] = alpha * sum + (bias ? beta * bias.data[y * added[0] + x * added[1]] : 0);
    }
  }
  return result;
}

function convolve(picture, weight, bias, { strides: [down, right] = [1, 1], pads: [top, left, bottom, wide] = [0, 0, 0, 0],
  dilations: [reach, across] = [1, 1], group = 1 }) {
  const [count, inputs, height, width] = picture.shape, [outputs, depth, tall, broad] = weight.shape;
  if (count !== 1 || depth * group !== inputs) throw new Error("the convolution does not fit");
  const rows = Math.floor((height + top + bottom - reach * (tall - 1) - 1) / down) + 1;
  const columns = Math.floor((width + left + wide - across * (broad - 1) - 1) / right) + 1;
  const result = make([1, outputs, rows, columns]), { data } = picture;
  for (let out = 0; out < outputs; out++) {
    const plane = result.data.subarray(out * rows * columns, (out + 1) * rows * columns).fill(bias ? bias.data[out] : 0);
    const base = Math.floor(out / (outputs / group)) * depth;
    for (let k = 0; k < depth * tall * broad; k++) {
      const channel = Math.floor(k / (tall * broad)), dy = Math.floor(k / broad) % tall * reach - top, dx = k % broad * across - left;
      const factor = weight.data[out * depth * tall * broad + k], start = (base + channel) * height * width;
      for (let y = 0; y < rows; y++) {
        const row = y * down + dy;
        if (row < 0 || row >= height) continue;
        for (let x = 0; x < columns; x++) {
          const column = x * right + dx;
          if (column >= 0 && column < width) plane[y * columns + x] += factor * data[start + row * width + column];
        }
      }
    }
  }
  return result;
}

function einsum(parts, { equation }) {
  const [from, to] = equation.replaceAll(" ", "").split("->"), terms = from.split(",");
  if (terms.length !== 2 || to === undefined || equation.includes(".")) throw new Error(`${equation} is not understood`);
  const sides = {};
  terms.forEach((term, i) => [...term].forEach((letter, axis) => { sides[letter] = parts[i].shape[axis]; }));
  const letters = [...to, ...Object.keys(sides).filter(letter => !to.includes(letter))];
  const shape = letters.map(letter => sides[letter]), kept = [...to].map(letter => sides[letter]);
  const result = make(kept), inner = size(shape.slice(to.length));
  const steps = parts.map((part, i) => {
    const own = strides(part.shape);
    return letters.map(letter => [...terms[i]].reduce((sum, each, axis) => each === letter ? sum + own[axis] : sum, 0));
  });
  let sum = 0;
  walk(shape, steps, (i, a, b) => {
    sum += parts[0].data[a] * parts[1].data[b];
    if ((i + 1) % inner === 0) { result.data[(i + 1) / inner - 1] = sum; sum = 0; }
  });
  return result;
}

const add = elementwise((a, b) => a + b);

const OPERATIONS = {
  Add: ([a, b]) => add(a, b),
  Sub: ([a, b]) => elementwise((x, y) => x - y)(a, b),
  Mul: ([a, b]) => elementwise((x, y) => x * y)(a, b),
  Div: ([a, b]) => elementwise((x, y) => x / y)(a, b),
  Pow: ([a, b]) => elementwise((x, y) => x ** y)(a, b),
  Sum: parts => parts.reduce(add),
  Sqrt: ([a]) => mapped(Math.sqrt)(a),
  Tanh: ([a]) => mapped(Math.tanh)(a),
  Relu: ([a]) => mapped(x => Math.max(x, 0))(a),
  LeakyRelu: ([a], { alpha = 0.01 }) => mapped(x => x < 0 ? alpha * x : x)(a),
  Clip: ([a, low, high]) => mapped(x => Math.min(Math.max(x, low ? low.data[0] : -Infinity), high ? high.data[0] : Infinity))(a),
  ReduceMean: ([a, axes], how) => reduce(a, axes ?? listed(how.axes), how, true),
  ReduceSum: ([a, axes], how) => reduce(a, axes ?? listed(how.axes), how, false),
  Reshape: ([a, shape], how) => reshape(a, shape, how),
  Unsqueeze: ([a, axes]) => unsqueeze(a, axes),
  Concat: concat,
  MatMul: ([a, b]) => matmul(a, b),
  Gemm: ([a, b, bias], how) => gemm(a, b, bias, how),
  Conv: ([a, weight, bias], how) => convolve(a, weight, bias, how),
  Einsum: einsum,
};
const listed = axes => axes && make([axes.length], Float32Array.from(axes));

export class ScriptNetwork {
  constructor(described, packed) {
    const numbers = new Float32Array(packed);
    this.known = new Map(Object.entries(described.numbers).map(([name, { start, shape }]) =>
      [name, make(shape, numbers.subarray(start, start + size(shape)))]));
    this.output = described.outputs[0];
    // What hangs on no picture is computed once.
    this.steps = described.steps.filter(step => {
      if (!step.from.every(name => name === "" || this.known.has(name))) return true;
      this.known.set(step.to, perform(step, this.known));
      return false;
    });
  }

  run(name, numbers) {
    const values = new Map(this.known).set(name, numbers);
    for (const step of this.steps) values.set(step.to, perform(step, values));
    return values.get(this.output);
  }
}

function perform(step, values) {
  return OPERATIONS[step.does](step.from.map(name => values.get(name)), step.with);
}
