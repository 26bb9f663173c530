// A look on moving pictures: its LUT is predicted now and then, held while the scene stays, and eased when it changes.
import { Asking } from "./asking.js";

const LOOK_EVERY = 300;
// Mean change of the thumbnail, of 255, below which a scene is the same, and above which it is another.
const SAME_SCENE = 1.5, OTHER_SCENE = 40;
const EASE_MS = 700, CUT_MS = 120;

export class Look {
  #asking;
  #style;
  #stage;
  #asked = -Infinity;
  #seen = null;
  #busy = false;
  #scene = 0;
  #easing = null;
  #shown = null;

  constructor(style, stage) {
    this.#style = style;
    this.#stage = stage;
    this.#asking = new Asking("./look_worker.js", style);
    this.ready = this.#asking.ready;
  }

  // Forgets the scene, as when another source begins.
  restart() {
    this.#scene++;
    this.#seen = this.#easing = this.#shown = null;
    this.#asked = -Infinity;
  }

  // To be called for each frame that the stage has been given.
  async follow(now) {
    this.#ease(now);
    if (this.#busy || now - this.#asked < LOOK_EVERY) return;
    this.#asked = now;
    this.#busy = true;
    try {
      await this.#look();
    } finally {
      this.#busy = false;
    }
  }

  async #look() {
    const scene = this.#scene, pixels = await this.#stage.thumbnail(this.#style.thumbnailSide);
    const change = this.#seen ? difference(pixels, this.#seen) : Infinity;
    if (change < SAME_SCENE) return;
    const seen = pixels.slice(), { table } = await this.#asking.ask({ pixels }, [pixels.buffer]);
    if (scene !== this.#scene) return;
    this.#seen = seen;
    this.#easing = { from: this.#shown, to: table, since: performance.now(), lasts: change > OTHER_SCENE ? CUT_MS : EASE_MS };
    if (!this.#shown) this.#show(table);
  }

  // Predicts and shows at once, for a picture that stands still.
  async settle() {
    this.restart();
    const pixels = await this.#stage.thumbnail(this.#style.thumbnailSide);
    this.#show((await this.#asking.ask({ pixels }, [pixels.buffer])).table);
  }

  #ease(now) {
    if (!this.#easing?.from) return;
    const { from, to, since, lasts } = this.#easing, share = Math.min(Math.max((now - since) / lasts, 0), 1);
    this.#show(share === 1 ? to : from.map((value, i) => value + share * (to[i] - value)));
    if (share === 1) this.#easing = null;
  }

  #show(table) {
    this.#shown = table;
    this.#stage.setLut(table, this.#style.lutSize);
  }
}

function difference(one, other) {
  let sum = 0;
  for (let i = 0; i < one.length; i++) sum += Math.abs(one[i] - other[i]);
  return sum / (one.length * 0.75);
}
