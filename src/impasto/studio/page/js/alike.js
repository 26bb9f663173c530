/** Photos like one: a row, the most alike first, by what they show or by how they look. */
import { getJson, query } from "./api.js";
import { takePhoto } from "./album.js";
import { choice } from "./controls.js";
import { h, icon, say } from "./dom.js";
import { announce, attempt } from "./notes.js";

const SIDE = 320;
const MOST = 12;

export class AlikeRow {
  /** `onClose` hears when the row is put away, to give back the focus. */
  constructor(onClose) {
    this.onClose = onClose;
    this.by = "content";
    this.title = h("h2", { id: "alike-title", tabIndex: -1 });
    this.state = h("p", { class: "quiet", role: "status" });
    this.row = h("ul", { class: "alike-row", label: "alike.photos" });
    const ways = choice(
      "alike.by",
      [
        { value: "content", t: "alike.by.content" },
        { value: "style", t: "alike.by.style" },
      ],
      (by) => {
        this.by = by;
        this.search();
      },
    );
    ways.element.querySelector("legend").classList.add("unseen");
    const close = h("button", { class: "plain", label: "close", on: { click: () => this.close() } }, icon("close"));
    this.element = h(
      "section",
      { class: "alike", hidden: true, "aria-labelledby": "alike-title" },
      h("div", { class: "alike-head" }, this.title, close),
      h("div", { class: "row between" }, ways.element, this.state),
      this.row,
    );
    this.element.addEventListener("keydown", (event) => {
      if (event.key !== "Escape") return;
      event.stopPropagation();
      this.close();
    });
  }

  open(photo) {
    this.element.hidden = false;
    this.follow(photo);
    this.title.focus({ preventScroll: true });
  }

  /** Where the row is open, show what is like another photo. */
  follow(photo) {
    if (this.element.hidden || photo === this.photo) return;
    if (!photo) {
      this.drop();
      return;
    }
    if (this.row.contains(document.activeElement)) this.title.focus({ preventScroll: true });
    this.photo = photo;
    say(this.title, ["alike.title", { name: photo.name }]);
    this.search();
  }

  close() {
    if (this.element.hidden) return;
    this.drop();
    this.onClose();
  }

  /** Put the row away, wherever the focus is. */
  drop() {
    this.abort?.abort();
    this.element.hidden = true;
    this.photo = null;
  }

  /** Ask until every photo has been looked at; show what is known meanwhile. */
  async search() {
    this.abort?.abort();
    const { signal } = (this.abort = new AbortController());
    const asked = query({ by: this.by, limit: MOST });
    say(this.state, "alike.looking");
    this.row.replaceChildren();
    for (;;) {
      const found = await attempt(() => getJson(`/uploads/${this.photo.id}/alike?${asked}`, { signal }));
      if (signal.aborted) return;
      if (!found) return this.drop();
      this.show(found);
      if (!found.num_waiting) break;
    }
    announce(this.state.dataset.t, { n: this.row.children.length });
  }

  show({ alike, num_waiting }) {
    this.row.replaceChildren(...alike.map(({ upload }) => this.entry(upload)));
    if (num_waiting) say(this.state, ["alike.waiting", { n: num_waiting }]);
    else say(this.state, alike.length ? ["alike.found", { n: alike.length }] : "alike.none");
  }

  entry(upload) {
    const picture = h("img", { src: `${upload.preview_url}?side=${SIDE}`, alt: "", loading: "lazy" });
    const button = h(
      "button",
      { class: "likeness", label: ["album.show", { name: upload.name }], on: { click: () => takePhoto(upload) } },
      picture,
    );
    return h("li", {}, button, h("span", { class: "caption quiet" }, upload.name));
  }
}
