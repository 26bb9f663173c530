// Paint on moving pictures: one frame in work at a time, at a size that holds the pace.
import { Asking } from "./asking.js";
import { Pace, workingSize } from "./pace.js";

const BUDGET_MS = 1000 / 10;

export class Paint {
  #asking;
  #style;
  #stage;
  #isFirst = true;
  busy = false;

  constructor(style, stage) {
    this.#style = style;
    this.#stage = stage;
    this.pace = new Pace(style.workingSide, BUDGET_MS);
    this.#asking = new Asking("./paint_worker.js", style);
    this.ready = this.#asking.ready.then(({ engine }) => { this.engine = engine; });
  }

  restart() {
    this.#isFirst = true;
  }

  // Paints a frame and puts both on the stage; returns false where the one before is still in work.
  async follow(source, size) {
    if (this.busy) return false;
    const started = performance.now();
    await this.#paint(source, size, this.pace.side);
    this.pace.note(performance.now() - started);
    return true;
  }

  // Paints a picture that stands still, as large as the style was learned.
  async settle(source, size) {
    this.#isFirst = true;
    await this.#paint(source, size, this.#style.workingSide);
    this.#isFirst = true;
  }

  async #paint(source, size, side) {
    this.busy = true;
    try {
      const working = workingSize(size, side, this.#style.multiple), isFirst = this.#isFirst;
      this.#isFirst = false;
      this.#stage.setPending(source, size.height, size.width);
      const pixels = await this.#stage.working(working);
      const painting = await this.#asking.ask({ pixels, size: working, isFirst }, [pixels.buffer]);
      this.side = Math.min(working.height, working.width);
      this.#stage.setPainting(painting, working);
    } finally {
      this.busy = false;
    }
  }
}
