// How a painting relates to what it was painted from, so that it can be shown larger than it was painted: the slope of a
// line fitted to each neighbourhood (He et al. 2013), and the range of painted luma. As in impasto.apply.full_size.
const WINDOW_RADIUS = 2, FLAT_VARIANCE = 0.03 ** 2;

function luma(planes, count) {
  const result = new Float32Array(count);
  for (let i = 0; i < count; i++) result[i] = 0.299 * planes[i] + 0.587 * planes[count + i] + 0.114 * planes[2 * count + i];
  return result;
}

// Sums over windows, as far as there are any pixels.
function windowed(plane, height, width, radius) {
  const rows = new Float32Array(plane.length), result = new Float32Array(plane.length);
  for (let y = 0; y < height; y++) {
    for (let row = Math.max(0, y - radius); row <= Math.min(height - 1, y + radius); row++) {
      for (let x = 0; x < width; x++) rows[y * width + x] += plane[row * width + x];
    }
  }
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      let total = 0;
      for (let column = Math.max(0, x - radius); column <= Math.min(width - 1, x + radius); column++) total += rows[y * width + column];
      result[y * width + x] = total;
    }
  }
  return result;
}

function slopes(content, painted, height, width) {
  const count = height * width, products = content.map((value, i) => value * painted[i]), squares = content.map(value => value * value);
  const [mean, other, square, both] = [content, painted, squares, products].map(plane => windowed(plane, height, width, WINDOW_RADIUS));
  const inside = (place, length) => Math.min(length, place + WINDOW_RADIUS + 1) - Math.max(0, place - WINDOW_RADIUS);
  const result = new Float32Array(count);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const i = y * width + x, share = 1 / (inside(y, height) * inside(x, width));
      const variance = Math.max(square[i] * share - (mean[i] * share) ** 2, 0);
      const covariance = both[i] * share - mean[i] * other[i] * share * share;
      result[i] = Math.min(Math.max(covariance / (variance + FLAT_VARIANCE), 0), 1);
    }
  }
  return result;
}

// From planes of the same size to two pictures: red, green, blue and slope; lowest and highest luma, luma before.
export function relate(content, painted, height, width) {
  const count = height * width, before = luma(content, count), after = luma(painted, count);
  const slope = slopes(before, after, height, width);
  const colors = new Float32Array(4 * count), ranges = new Float32Array(4 * count);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const i = y * width + x;
      let lowest = after[i], highest = lowest, total = 0;
      for (let dy = -1; dy <= 1; dy++) {
        const row = Math.min(Math.max(y + dy, 0), height - 1) * width;
        for (let dx = -1; dx <= 1; dx++) {
          const place = row + Math.min(Math.max(x + dx, 0), width - 1), value = after[place];
          if (value < lowest) lowest = value;
          if (value > highest) highest = value;
          total += slope[place];
        }
      }
      for (let c = 0; c < 3; c++) colors[4 * i + c] = painted[c * count + i];
      colors[4 * i + 3] = total / 9;
      ranges[4 * i] = lowest; ranges[4 * i + 1] = highest; ranges[4 * i + 2] = before[i];
    }
  }
  return { colors, ranges };
}
