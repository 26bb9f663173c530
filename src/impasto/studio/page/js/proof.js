/** A proof: one upload before and after, rendered anew whenever something else is asked for. */
import { ask, query } from "./api.js";
import { Divider } from "./divider.js";
import { h } from "./dom.js";
import { attempt } from "./notes.js";

const SIDE = 1600;
const SMALL_SIDE = 512;
const WAIT = 120;

export class Proof {
  /** `onRendered` is told the upload, what was asked, and a signal that says when it no longer matters. */
  constructor(onRendered = () => {}) {
    this.onRendered = onRendered;
    this.divider = new Divider();
    this.element = h("div", { class: "stage" }, this.divider.frame);
    this.upload = null;
  }

  /** Show an upload as it is; `after` is a picture to begin with. */
  show(upload, after = "") {
    const { before, after: place } = this.divider;
    this.divider.show(upload.width, upload.height);
    if (this.upload !== upload) this.showBefore(upload, before);
    this.upload = upload;
    place.src = after || `${upload.preview_url}?side=${SMALL_SIDE}`;
  }

  showBefore(upload, before) {
    before.alt = upload.name;
    before.src = `${upload.preview_url}?side=${SMALL_SIDE}`;
    const large = new Image();
    large.src = `${upload.preview_url}?side=${SIDE}`;
    large.decode().then(
      () => {
        if (this.upload === upload) before.src = large.src;
      },
      () => {},
    );
  }

  stop() {
    clearTimeout(this.timer);
    this.abort?.abort();
    this.element.classList.remove("rendering");
  }

  renderSoon(options, alt) {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.render(options, alt), WAIT);
  }

  async render(options, alt) {
    clearTimeout(this.timer);
    this.abort?.abort();
    this.abort = new AbortController();
    const { signal } = this.abort,
      { upload } = this,
      asked = query({ ...options, side: SIDE });
    this.element.classList.add("rendering");
    const isDone = await attempt(async () => {
      const response = await ask(`/uploads/${upload.id}/render?${asked}`, { signal });
      await this.showAfter(await response.blob(), alt, signal);
      return true;
    });
    if (signal.aborted) return;
    this.element.classList.remove("rendering");
    if (isDone) this.onRendered(upload, asked, signal);
  }

  async showAfter(blob, alt, signal) {
    const url = URL.createObjectURL(blob),
      picture = new Image();
    picture.src = url;
    await picture.decode();
    if (signal.aborted) {
      URL.revokeObjectURL(url);
      return;
    }
    Object.assign(this.divider.after, { src: url, alt });
    URL.revokeObjectURL(this.url);
    this.url = url;
  }
}
