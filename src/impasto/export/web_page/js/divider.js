// The line between before and after: dragged, or moved by arrow keys.
import { text } from "./texts.js";

export class Divider {
  #handle;
  #corners;
  #canvas;
  share = 0.5;

  constructor(handle, corners, canvas, onMove) {
    this.#handle = handle;
    this.#corners = corners;
    this.#canvas = canvas;
    this.onMove = onMove;
    handle.addEventListener("pointerdown", event => { handle.setPointerCapture(event.pointerId); this.#follow(event); });
    handle.addEventListener("pointermove", event => { if (handle.hasPointerCapture(event.pointerId)) this.#follow(event); });
    handle.addEventListener("keydown", event => this.#press(event));
    new ResizeObserver(() => this.place()).observe(canvas);
  }

  get isShown() { return !this.#handle.hidden; }
  // What the stage takes.
  get place01() { return this.isShown ? this.share : -1; }

  show(shown) {
    this.#handle.hidden = this.#corners.hidden = !shown;
    this.place();
  }

  // Where the canvas shows its picture, which it fits into itself.
  #shown() {
    const { offsetLeft, offsetTop, offsetWidth, offsetHeight, width, height } = this.#canvas;
    const scale = Math.min(offsetWidth / width, offsetHeight / height), shown = { width: width * scale, height: height * scale };
    return { left: offsetLeft + (offsetWidth - shown.width) / 2, top: offsetTop + (offsetHeight - shown.height) / 2, ...shown };
  }

  // Lays the handle over the picture, wherever that is.
  place() {
    const { left, top, width, height } = this.#shown();
    Object.assign(this.#handle.style, { left: `${left + this.share * width}px`, top: `${top}px`, height: `${height}px` });
    Object.assign(this.#corners.style, { left: `${left}px`, top: `${top}px`, width: `${width}px` });
    const percent = Math.round(100 * this.share);
    this.#handle.setAttribute("aria-valuenow", percent);
    this.#handle.setAttribute("aria-valuetext", text("dividerValue", percent));
  }

  #move(share) {
    this.share = Math.min(Math.max(share, 0), 1);
    this.place();
    this.onMove();
  }

  #follow(event) {
    const { left, width } = this.#shown(), from = this.#canvas.offsetParent.getBoundingClientRect().left;
    this.#move((event.clientX - from - left) / width);
  }

  #press(event) {
    const step = event.shiftKey ? 0.1 : 0.02;
    const moved = { ArrowLeft: this.share - step, ArrowDown: this.share - step, ArrowRight: this.share + step,
      ArrowUp: this.share + step, Home: 0, End: 1 }[event.key];
    if (moved === undefined) return;
    event.preventDefault();
    this.#move(moved);
  }
}
