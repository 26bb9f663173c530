/** Before and after on one place, with a divider for pointer and keyboard. */
import { h } from "./dom.js";
import { words } from "./language.js";

const STEPS = { ArrowLeft: -2, ArrowDown: -2, ArrowRight: 2, ArrowUp: 2, PageDown: -10, PageUp: 10 };

export class Divider {
  constructor() {
    this.before = h("img", { class: "before", alt: "", draggable: false });
    this.after = h("img", { class: "after", alt: "", draggable: false });
    this.handle = h("div", {
      class: "handle",
      role: "slider",
      tabIndex: 0,
      label: "divider",
      "aria-valuemin": "0",
      "aria-valuemax": "100",
    });
    const tags = [h("span", { class: "tag start", t: "before" }), h("span", { class: "tag end", t: "after" })];
    this.frame = h("div", { class: "frame" }, this.after, this.before, ...tags, this.handle);
    this.handle.addEventListener("keydown", (event) => this.onKey(event));
    this.frame.addEventListener("pointerdown", (event) => this.onPointer(event));
    document.addEventListener("language", () => this.moveTo(this.place));
    this.moveTo(50);
  }

  moveTo(place) {
    this.place = Math.min(100, Math.max(0, place));
    this.frame.style.setProperty("--place", `${this.place}%`);
    this.handle.setAttribute("aria-valuenow", String(Math.round(this.place)));
    this.handle.setAttribute(
      "aria-valuetext",
      words("divider.at", { before: Math.round(this.place), after: Math.round(100 - this.place) }),
    );
  }

  show(width, height) {
    this.frame.style.setProperty("--ratio", String(width / height));
    this.frame.style.aspectRatio = `${width} / ${height}`;
  }

  onKey(event) {
    const ends = { Home: 0, End: 100 };
    if (event.key in ends) this.moveTo(ends[event.key]);
    else if (event.key === " ") this.moveTo(this.place > 50 ? 0 : 100);
    else if (event.key in STEPS && !event.altKey) this.moveTo(this.place + STEPS[event.key] * (event.shiftKey ? 5 : 1));
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  onPointer(event) {
    if (event.button !== 0) return;
    const follow = ({ clientX }) => {
      const box = this.frame.getBoundingClientRect();
      this.moveTo((100 * (clientX - box.left)) / box.width);
    };
    const end = () => {
      this.frame.removeEventListener("pointermove", follow);
      this.frame.classList.remove("dragged");
    };
    this.frame.setPointerCapture(event.pointerId);
    this.frame.classList.add("dragged");
    this.frame.addEventListener("pointermove", follow);
    for (const name of ["pointerup", "pointercancel"]) this.frame.addEventListener(name, end, { once: true });
    follow(event);
    this.handle.focus({ preventScroll: true });
  }
}
