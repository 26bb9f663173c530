// Photos as a painter would block them in: the filter that paint styles see pictures through, as in
// impasto.apply.simplification (after Kuwahara, and Papari et al. 2007).
const LEAST_VARIANCE = 1e-4;

// Means over squares of side radius + 1, of which place (y, x) of the result ends at pixel (y, x); edges are repeated.
function boxes(plane, height, width, radius) {
  const tall = height + radius, wide = width + radius, rows = new Float32Array(tall * width), result = new Float32Array(tall * wide);
  for (let y = 0; y < tall; y++) {
    for (let row = y - radius; row <= y; row++) {
      const inside = Math.min(Math.max(row, 0), height - 1) * width;
      for (let x = 0; x < width; x++) rows[y * width + x] += plane[inside + x];
    }
  }
  const share = 1 / (radius + 1) ** 2;
  for (let y = 0; y < tall; y++) {
    for (let x = 0; x < wide; x++) {
      let total = 0;
      for (let column = x - radius; column <= x; column++) total += rows[y * width + Math.min(Math.max(column, 0), width - 1)];
      result[y * wide + x] = total * share;
    }
  }
  return result;
}

// `picture` is three planes, Float32Array in [0, 1]; so is what is returned.
export function simplify(picture, height, width, radius) {
  if (!radius) return picture;
  const count = height * width, wide = width + radius, squares = new Float32Array(count);
  for (let i = 0; i < count; i++) squares[i] = picture[i] ** 2 + picture[count + i] ** 2 + picture[2 * count + i] ** 2;
  const [red, green, blue] = [0, 1, 2].map(c => boxes(picture.subarray(c * count, (c + 1) * count), height, width, radius));
  const calm = boxes(squares, height, width, radius);
  for (let i = 0; i < calm.length; i++) {
    const spread = Math.max((calm[i] - red[i] * red[i] - green[i] * green[i] - blue[i] * blue[i]) / 3, 0);
    const weight = 1 / (spread + LEAST_VARIANCE);
    calm[i] = weight * weight * weight * weight;
  }
  const result = new Float32Array(3 * count), steps = [0, radius, radius * wide, radius * wide + radius];
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      let total = 0, r = 0, g = 0, b = 0;
      for (let k = 0; k < 4; k++) {
        const place = y * wide + x + steps[k], weight = calm[place];
        total += weight; r += weight * red[place]; g += weight * green[place]; b += weight * blue[place];
      }
      const i = y * width + x;
      result[i] = r / total; result[count + i] = g / total; result[2 * count + i] = b / total;
    }
  }
  return result;
}
