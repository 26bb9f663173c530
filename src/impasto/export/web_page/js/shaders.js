// What runs for each pixel. Row 0 of a picture is row 0 of its texture, and of what is read back; only `show` turns it
// over, since a canvas counts rows from below.
const HEAD = `#version 300 es
precision highp float;
precision highp int;
precision highp sampler2D;
precision highp sampler3D;
out vec4 result;
`;

export const VERTEX = `#version 300 es
void main() { gl_Position = vec4(float(gl_VertexID & 1) * 4.0 - 1.0, float(gl_VertexID >> 1) * 4.0 - 1.0, 0, 1); }`;

// Means over boxes, as impasto.apply.thumbnail has them.
export const THUMBNAIL = HEAD + `
uniform sampler2D frame;
uniform int side;
void main() {
  ivec2 full = textureSize(frame, 0), box = ivec2(gl_FragCoord.xy);
  ivec2 first = box * full / side, last = ((box + 1) * full + side - 1) / side;
  vec3 sum = vec3(0);
  for (int y = first.y; y < last.y; y++) for (int x = first.x; x < last.x; x++) sum += texelFetch(frame, ivec2(x, y), 0).rgb;
  result = vec4(sum / float((last.x - first.x) * (last.y - first.y)), 1);
}`;

// A picture at working size, mirrored beyond its borders: triangles as wide as two target pixels.
export const WORKING = HEAD + `
uniform sampler2D frame;
uniform ivec2 size;
uniform int margin;
ivec2 mirrored(ivec2 place) {
  place = ivec2(mod(vec2(place), vec2(2 * size)));
  return min(place, 2 * size - 1 - place);
}
void main() {
  ivec2 full = textureSize(frame, 0), place = mirrored(ivec2(gl_FragCoord.xy) - margin);
  vec2 scale = vec2(full) / vec2(size), stretch = max(scale, 1.0);
  vec2 center = (vec2(place) + 0.5) * scale - 0.5;
  ivec2 first = ivec2(ceil(center - stretch)), last = ivec2(floor(center + stretch));
  vec3 sum = vec3(0);
  float total = 0.0;
  for (int y = max(first.y, 0); y <= min(last.y, full.y - 1); y++) {
    float down = max(1.0 - abs(float(y) - center.y) / stretch.y, 0.0);
    for (int x = max(first.x, 0); x <= min(last.x, full.x - 1); x++) {
      float weight = down * max(1.0 - abs(float(x) - center.x) / stretch.x, 0.0);
      sum += weight * texelFetch(frame, ivec2(x, y), 0).rgb;
      total += weight;
    }
  }
  result = vec4(sum / total, 1);
}`;

// Left of the divider the frame shows as it is. Browsers may scale a video and still hand out its frames unscaled.
const SHOW = HEAD + `
uniform sampler2D frame;
uniform float strength, divider;
uniform bool mirror;
uniform ivec2 size, origin, whole;
vec3 styled(vec3 color, ivec2 place);
void main() {
  ivec2 place = ivec2(gl_FragCoord.x, size.y - 1 - int(gl_FragCoord.y));
  float across = gl_FragCoord.x / float(size.x);
  if (mirror) place.x = size.x - 1 - place.x;
  vec3 color = texelFetch(frame, place * textureSize(frame, 0) / size, 0).rgb;
  if (across >= divider) color = mix(color, styled(color, place), strength);
  result = vec4(color, 1);
}`;

// Tetrahedral interpolation, as impasto.apply.lut_kernels does it. The table runs blue fastest.
export const LOOK = SHOW + `
uniform sampler3D lut;
vec3 at(ivec3 place) { return texelFetch(lut, place.bgr, 0).rgb; }
vec3 styled(vec3 color, ivec2 place) {
  int steps = textureSize(lut, 0).x;
  vec3 position = color * float(steps - 1), base = min(floor(position), float(steps - 2)), part = position - base;
  ivec3 low = ivec3(base), one, two;
  vec3 order;
  if (part.r >= part.g) {
    if (part.g >= part.b) { one = ivec3(1, 0, 0); two = ivec3(1, 1, 0); order = part.rgb; }
    else if (part.r >= part.b) { one = ivec3(1, 0, 0); two = ivec3(1, 0, 1); order = part.rbg; }
    else { one = ivec3(0, 0, 1); two = ivec3(1, 0, 1); order = part.brg; }
  } else if (part.b >= part.g) { one = ivec3(0, 0, 1); two = ivec3(0, 1, 1); order = part.bgr; }
  else if (part.b >= part.r) { one = ivec3(0, 1, 0); two = ivec3(0, 1, 1); order = part.gbr; }
  else { one = ivec3(0, 1, 0); two = ivec3(1, 1, 0); order = part.grb; }
  return (1.0 - order.x) * at(low) + (order.x - order.y) * at(low + one) + (order.y - order.z) * at(low + two)
    + order.z * at(low + 1);
}`;

// A painting at the size of the frame, as impasto.apply.full_size renders it: enlarged by cubic convolution (Keys 1981),
// strokes sharpened within their range, and what the frame shows between working pixels where the painting follows it.
export const PAINT = SHOW + `
uniform sampler2D colors, ranges;
uniform float crispness;
const vec3 LUMA = vec3(0.299, 0.587, 0.114);
float cubic(float away) {
  away = abs(away);
  return away < 1.0 ? (1.5 * away - 2.5) * away * away + 1.0 : away < 2.0 ? ((-0.5 * away + 2.5) * away - 4.0) * away + 2.0 : 0.0;
}
// Reads both between their pixels. Samplers would round places to a 256th of a pixel, which shows at edges.
void enlarge(ivec2 place, out vec4 painted, out vec4 range) {
  ivec2 full = textureSize(colors, 0);
  vec2 scale = vec2(full) / vec2(whole), stretch = max(scale, 1.0), center = (vec2(place) + 0.5) * scale - 0.5;
  ivec2 first = max(ivec2(ceil(center - 2.0 * stretch)), 0), last = min(ivec2(floor(center + 2.0 * stretch)), full - 1);
  float total = 0.0;
  painted = range = vec4(0);
  for (int y = first.y; y <= last.y; y++) {
    float down = cubic((float(y) - center.y) / stretch.y);
    for (int x = first.x; x <= last.x; x++) {
      float weight = down * cubic((float(x) - center.x) / stretch.x);
      painted += weight * texelFetch(colors, ivec2(x, y), 0);
      range += weight * texelFetch(ranges, ivec2(x, y), 0);
      total += weight;
    }
  }
  painted /= total;
  range /= total;
}
vec3 styled(vec3 color, ivec2 place) {
  vec4 painted, range;
  enlarge(place + origin, painted, range);
  float luma = dot(painted.rgb, LUMA), extent = max(range.g - range.r, 1e-3);
  float share = clamp((luma - range.r) / extent, 0.0, 1.0), crisp = range.r + extent * share * share * (3.0 - 2.0 * share);
  float change = clamp(painted.a, 0.0, 1.0) * (dot(color, LUMA) - range.b) + crispness * (crisp - luma);
  return painted.rgb + change;
}`;
