// Normal noise whose value at a place depends on that place alone, bit for bit as in impasto.apply.noise_field (seed 0):
// SplitMix64 (Steele et al. 2014) on 64-bit numbers that are kept as two halves, since BigInt is slow.

// The low 64 bits of the product of two 64-bit numbers.
function product(high, low, otherHigh, otherLow) {
  const a = low >>> 16, b = low & 0xffff, c = otherLow >>> 16, d = otherLow & 0xffff;
  const bd = b * d, middle = a * d + (bd >>> 16), other = b * c + (middle & 0xffff);
  const carried = a * c + Math.floor(middle / 65536) + Math.floor(other / 65536);
  return [(carried + Math.imul(high, otherLow) + Math.imul(low, otherHigh)) >>> 0, Math.imul(low, otherLow) >>> 0];
}

// z ^ z >> count, for counts below 32.
const mixed = ([high, low], count) => [(high ^ high >>> count) >>> 0, (low ^ (low >>> count | high << 32 - count)) >>> 0];

export function noiseField(height, width) {
  const field = new Float32Array(height * width);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      let bits = product(y, x, 0x9e3779b9, 0x7f4a7c15);
      bits = product(...mixed(bits, 30), 0xbf58476d, 0x1ce4e5b9);
      bits = product(...mixed(bits, 27), 0x94d049bb, 0x133111eb);
      const [high, low] = mixed(bits, 31);
      const radius = (high + 0.5) / 4294967296, angle = low / 4294967296;
      field[y * width + x] = Math.sqrt(-2 * Math.log(radius)) * Math.cos(2 * Math.PI * angle);
    }
  }
  return field;
}
