// The canvas: frames go in, thumbnails and working pictures come out for networks, and styled frames are shown.
import * as shaders from "./shaders.js";

const SOFT_ENLARGEMENT = 1.5, CRISP_ENLARGEMENT = 4;
const NOTHING_BEFORE = -1;

export class Stage {
  constructor(canvas) {
    this.canvas = canvas;
    const gl = canvas.getContext("webgl2", { alpha: false, antialias: false, depth: false, powerPreference: "high-performance" });
    if (!gl) throw new Error("WebGL 2");
    this.gl = gl;
    this.maxSide = gl.getParameter(gl.MAX_TEXTURE_SIZE);
    gl.pixelStorei(gl.UNPACK_ALIGNMENT, 1);
    gl.pixelStorei(gl.PACK_ALIGNMENT, 1);
    this.programs = {};
    // While a frame is being painted, the one before it is still shown, with its own painting.
    this.frame = this.#texture(gl.NEAREST);
    this.pending = this.#texture(gl.NEAREST);
    this.lut = this.#texture(gl.NEAREST, gl.TEXTURE_3D);
    this.colors = this.#texture(gl.NEAREST);
    this.ranges = this.#texture(gl.NEAREST);
    this.small = this.#texture(gl.NEAREST);
    this.buffer = gl.createFramebuffer();
    this.size = { height: 0, width: 0 };
    // Colours as they are, until there is a style to show.
    this.setLut(Float32Array.from({ length: 24 }, (_, i) => i / 3 >> 2 - i % 3 & 1), 2);
    this.kind = undefined;
  }

  #texture(filter, target = this.gl.TEXTURE_2D) {
    const { gl } = this, texture = gl.createTexture();
    gl.bindTexture(target, texture);
    gl.texParameteri(target, gl.TEXTURE_MIN_FILTER, filter);
    gl.texParameteri(target, gl.TEXTURE_MAG_FILTER, filter);
    for (const axis of [gl.TEXTURE_WRAP_S, gl.TEXTURE_WRAP_T, gl.TEXTURE_WRAP_R]) gl.texParameteri(target, axis, gl.CLAMP_TO_EDGE);
    return texture;
  }

  #program(name) {
    const { gl } = this;
    if (this.programs[name]) return this.programs[name];
    const program = gl.createProgram();
    for (const [kind, source] of [[gl.VERTEX_SHADER, shaders.VERTEX], [gl.FRAGMENT_SHADER, shaders[name]]]) {
      const shader = gl.createShader(kind);
      gl.shaderSource(shader, source);
      gl.compileShader(shader);
      gl.attachShader(program, shader);
    }
    gl.linkProgram(program);
    if (!gl.getProgramParameter(program, gl.LINK_STATUS) && !gl.isContextLost()) throw new Error(gl.getProgramInfoLog(program));
    const places = new Map();
    return this.programs[name] = { program, place: uniform => {
      if (!places.has(uniform)) places.set(uniform, gl.getUniformLocation(program, uniform));
      return places.get(uniform);
    } };
  }

  #upload(texture, source) {
    const { gl } = this;
    gl.bindTexture(gl.TEXTURE_2D, texture);
    gl.texImage2D(gl.TEXTURE_2D, 0, gl.RGBA8, gl.RGBA, gl.UNSIGNED_BYTE, source);
  }

  #bind(program, textures) {
    const { gl } = this;
    textures.forEach(([uniform, texture, target = gl.TEXTURE_2D], unit) => {
      gl.activeTexture(gl.TEXTURE0 + unit);
      gl.bindTexture(target, texture);
      gl.uniform1i(program.place(uniform), unit);
    });
    gl.activeTexture(gl.TEXTURE0);
  }

  // Takes a video, bitmap or canvas as the frame that is shown.
  setFrame(source, height, width) {
    this.#upload(this.frame, source);
    this.size = { height, width };
  }

  // Takes a frame that is shown once its painting is there.
  setPending(source, height, width) {
    this.#upload(this.pending, source);
    this.pendingSize = { height, width };
  }

  setLut(table, steps) {
    const { gl } = this;
    gl.bindTexture(gl.TEXTURE_3D, this.lut);
    gl.texImage3D(gl.TEXTURE_3D, 0, gl.RGB16F, steps, steps, steps, 0, gl.RGB, gl.FLOAT, table);
    this.kind = "LOOK";
  }

  setPainting({ colors, ranges }, { height, width }) {
    const { gl } = this;
    for (const [texture, data] of [[this.colors, colors], [this.ranges, ranges]]) {
      gl.bindTexture(gl.TEXTURE_2D, texture);
      gl.texImage2D(gl.TEXTURE_2D, 0, gl.RGBA16F, width, height, 0, gl.RGBA, gl.FLOAT, data);
    }
    [this.frame, this.pending] = [this.pending, this.frame];
    this.size = this.pendingSize;
    this.paintedSize = { height, width };
    this.kind = "PAINT";
  }

  // A promise of the frame's means over side × side boxes, as bytes RGBA.
  thumbnail(side) {
    const { gl } = this;
    return this.#small("THUMBNAIL", this.frame, side, side, program => gl.uniform1i(program.place("side"), side));
  }

  // A promise of the pending frame at working size, as bytes RGBA.
  working({ height, width, margin, padded }) {
    const { gl } = this;
    return this.#small("WORKING", this.pending, padded.height, padded.width, program => {
      gl.uniform2i(program.place("size"), width, height);
      gl.uniform1i(program.place("margin"), margin);
    });
  }

  async #small(name, frame, height, width, setUniforms) {
    const { gl } = this, program = this.#program(name), length = 4 * height * width;
    gl.bindTexture(gl.TEXTURE_2D, this.small);
    if (this.smallSize !== `${height} ${width}`) {
      gl.texImage2D(gl.TEXTURE_2D, 0, gl.RGBA8, width, height, 0, gl.RGBA, gl.UNSIGNED_BYTE, null);
      this.smallSize = `${height} ${width}`;
    }
    gl.bindFramebuffer(gl.FRAMEBUFFER, this.buffer);
    gl.framebufferTexture2D(gl.FRAMEBUFFER, gl.COLOR_ATTACHMENT0, gl.TEXTURE_2D, this.small, 0);
    gl.viewport(0, 0, width, height);
    gl.useProgram(program.program);
    this.#bind(program, [["frame", frame]]);
    setUniforms(program);
    gl.drawArrays(gl.TRIANGLES, 0, 3);
    // Read into a buffer first, so that nothing waits for the graphics card.
    const buffer = gl.createBuffer();
    gl.bindBuffer(gl.PIXEL_PACK_BUFFER, buffer);
    gl.bufferData(gl.PIXEL_PACK_BUFFER, length, gl.STREAM_READ);
    gl.readPixels(0, 0, width, height, gl.RGBA, gl.UNSIGNED_BYTE, 0);
    gl.bindBuffer(gl.PIXEL_PACK_BUFFER, null);
    gl.bindFramebuffer(gl.FRAMEBUFFER, null);
    return this.#read(buffer, length);
  }

  async #read(buffer, length) {
    const { gl } = this, pixels = new Uint8Array(length), done = gl.fenceSync(gl.SYNC_GPU_COMMANDS_COMPLETE, 0);
    gl.flush();
    while (gl.clientWaitSync(done, 0, 0) === gl.TIMEOUT_EXPIRED) await new Promise(resolve => setTimeout(resolve, 2));
    gl.deleteSync(done);
    gl.bindBuffer(gl.PIXEL_PACK_BUFFER, buffer);
    gl.getBufferSubData(gl.PIXEL_PACK_BUFFER, 0, pixels);
    gl.bindBuffer(gl.PIXEL_PACK_BUFFER, null);
    gl.deleteBuffer(buffer);
    return pixels;
  }

  // Shows the frame; a part of a larger picture states which.
  draw({ strength, divider = NOTHING_BEFORE, mirror = false, part }) {
    const { gl, canvas } = this, { height, width } = this.size, isStyled = this.kind !== undefined;
    const whole = part?.whole ?? { height, width }, program = this.#program(this.kind ?? "LOOK");
    if (canvas.width !== width || canvas.height !== height) {
      Object.assign(canvas, { width, height });
      if (!part) this.onResize?.();
    }
    gl.viewport(0, 0, width, height);
    gl.useProgram(program.program);
    const frame = ["frame", this.frame];
    if (this.kind === "PAINT") {
      this.#bind(program, [frame, ["colors", this.colors], ["ranges", this.ranges]]);
      gl.uniform1f(program.place("crispness"), crispness(whole, this.paintedSize));
      gl.uniform2i(program.place("origin"), part?.x ?? 0, part?.y ?? 0);
      gl.uniform2i(program.place("whole"), whole.width, whole.height);
    } else {
      this.#bind(program, [frame, ["lut", this.lut, gl.TEXTURE_3D]]);
    }
    gl.uniform2i(program.place("size"), width, height);
    gl.uniform1f(program.place("strength"), isStyled ? strength : 0);
    gl.uniform1f(program.place("divider"), divider);
    gl.uniform1i(program.place("mirror"), mirror ? 1 : 0);
    gl.drawArrays(gl.TRIANGLES, 0, 3);
  }
}

function crispness(whole, painted) {
  const enlargement = Math.max(whole.height / painted.height, whole.width / painted.width);
  return Math.min(Math.max((enlargement - SOFT_ENLARGEMENT) / (CRISP_ENLARGEMENT - SOFT_ENLARGEMENT), 0), 1);
}
