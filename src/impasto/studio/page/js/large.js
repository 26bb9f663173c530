/** One style, large: before and after, its controls, and what can be done with it. */
import { getJson, query, saveAs, send } from "./api.js";
import { album } from "./album.js";
import { select } from "./controls.js";
import { h, icon, say } from "./dom.js";
import { showJobs } from "./jobs.js";
import { announce, attempt } from "./notes.js";
import { Proof } from "./proof.js";
import { StyleControls } from "./style-controls.js";
import { spokenDescription, spokenName, usableStyles } from "./styles.js";

const FORMATS = ["jpeg", "png", "webp", "tiff"];

export class LargeView {
  /** `pictureOf` gives the small picture of a style, to be shown until the large one is there. */
  constructor(pictureOf, health) {
    this.pictureOf = pictureOf;
    this.signer = health.signs_as;
    this.proof = new Proof((photo, asked, signal) => this.judge(photo, asked, signal));
    this.controls = new StyleControls(() => this.proof.renderSoon(this.controls.options, spokenName(this.style.name)), {
      withMask: true,
    });
    this.title = h("h1", { tabIndex: -1 });
    this.about = h("p", { class: "quiet about" });
    this.verdict = h("p", { class: "verdict", hidden: true });
    this.others = h("ul", { class: "filmstrip", label: "styles" });
    this.stars = this.makeStars();
    const back = h("a", { class: "back", href: "#/photos" }, icon("back"), h("span", { t: "wall.back" }));
    const panel = h(
      "div",
      { class: "panel" },
      this.title,
      this.about,
      this.controls.element,
      this.verdict,
      this.makeActions(),
      this.stars,
    );
    this.element = h(
      "div",
      { class: "large", hidden: true },
      back,
      this.proof.element,
      panel,
      h("div", { class: "below" }, this.others),
    );
    document.addEventListener("keydown", (event) => this.onKey(event));
  }

  makeActions() {
    this.format = select("format", () => {});
    this.format.fill(
      FORMATS.map((value) => ({ value, text: value.toUpperCase() })),
      "jpeg",
    );
    this.save = h("button", { class: "strong", t: "download", on: { click: () => this.download() } });
    this.location = h("input", { type: "checkbox" });
    this.locationLine = h("label", { class: "tick" }, this.location, h("span", { t: "keep-location" }));
    this.all = h("button", { t: "apply.all", on: { click: () => this.applyToAll() } });
    return h(
      "div",
      { class: "actions" },
      h("div", { class: "row" }, this.save, this.format.element),
      this.locationLine,
      this.signer && h("p", { class: "quiet signed", t: ["download.signed", { name: this.signer }] }),
      this.all,
    );
  }

  makeStars() {
    const buttons = [1, 2, 3, 4, 5].map((stars) =>
      h(
        "button",
        {
          class: "star",
          label: ["stars", { n: stars }],
          "aria-pressed": "false",
          on: { click: () => this.rate(stars) },
        },
        "★",
      ),
    );
    return h(
      "div",
      { class: "stars", role: "group", label: "rate" },
      h("span", { class: "quiet", t: "rate" }),
      h("span", {}, buttons),
    );
  }

  open(photo, style) {
    const isNew = this.photo !== photo || this.style?.name !== style.name;
    this.isOpen = true;
    this.showOthers(style);
    this.all.hidden = album.photos.length < 2;
    if (!this.all.hidden) say(this.all, ["apply.all", { n: album.photos.length }]);
    if (!isNew) return;
    [this.photo, this.style] = [photo, style];
    this.rename();
    this.controls.use(style);
    this.locationLine.hidden = !photo.has_location;
    this.stars.hidden = style.family !== "look";
    this.showStars(0);
    this.verdict.hidden = true;
    this.proof.show(photo, this.pictureOf(style.name));
    this.title.focus({ preventScroll: true });
    this.proof.render(this.controls.options, spokenName(style.name));
  }

  rename() {
    if (!this.style) return;
    this.title.textContent = spokenName(this.style.name);
    this.about.textContent = spokenDescription(this.style);
  }

  showOthers(current) {
    const links = usableStyles().map((style) => {
      const picture = h("img", { src: this.pictureOf(style.name) || `${album.current.preview_url}?side=160`, alt: "" });
      return h(
        "li",
        {},
        h(
          "a",
          {
            href: `#/photos/${encodeURIComponent(style.name)}`,
            data: { style: style.name },
            "aria-current": style.name === current.name ? "true" : null,
          },
          picture,
          h("span", { class: "caption" }, spokenName(style.name)),
        ),
      );
    });
    this.others.replaceChildren(...links);
    const chosen = this.others.querySelector("[aria-current]");
    if (chosen) this.others.scrollLeft = chosen.offsetLeft - this.others.clientWidth / 2;
  }

  hearOf(style) {
    const picture = this.others.querySelector(`[data-style="${CSS.escape(style)}"] img`);
    if (picture) picture.src = this.pictureOf(style);
  }

  stop() {
    this.isOpen = false;
    this.proof.stop();
    this.style = null;
  }

  async judge(photo, asked, signal) {
    this.verdict.hidden = true;
    if (!this.style?.has_gate || !this.controls.isPlain) return;
    const found = await getJson(`/uploads/${photo.id}/verdict?${asked}`, { signal }).catch(() => null);
    if (signal.aborted || !found?.verdict || found.verdict === "pass") return;
    this.verdict.hidden = false;
    this.verdict.className = `verdict ${found.verdict}`;
    this.verdict.replaceChildren(h("b", { t: `verdict.${found.verdict}` }), ` ${found.reason}`);
  }

  async download() {
    announce("download.working");
    const format = this.format.input.value;
    const asked = query({
      ...this.controls.options,
      side: 0,
      format,
      download: true,
      keep_location: this.location.checked,
    });
    await attempt(() => saveAs(`/uploads/${this.photo.id}/render?${asked}`, `${this.style.name}.${format}`), this.save);
  }

  async applyToAll() {
    const request = {
      kind: "apply",
      uploads: album.photos.map((photo) => photo.id),
      ...this.controls.options,
      format: this.format.input.value,
      keep_location: this.location.checked,
    };
    const job = await attempt(() => send("POST", "/jobs", request), this.all);
    if (job) showJobs();
  }

  showStars(given) {
    [...this.stars.querySelectorAll(".star")].forEach((star, at) =>
      star.setAttribute("aria-pressed", String(at < given)),
    );
  }

  async rate(stars) {
    const rating = { upload: this.photo.id, style: this.style.name, strength: this.controls.asked.strength, stars };
    if (await attempt(() => send("POST", "/ratings", rating))) {
      this.showStars(stars);
      announce("rated");
    }
  }

  onKey(event) {
    if (
      !this.isOpen ||
      this.element.hidden ||
      document.querySelector("dialog[open]") ||
      event.target.matches("input, select, textarea")
    )
      return;
    const names = usableStyles().map((style) => style.name);
    const at = names.indexOf(this.style.name);
    const steps = { ArrowRight: 1, ArrowLeft: -1, j: 1, k: -1 };
    if (event.key === "Escape") location.hash = "#/photos";
    else if (event.key in steps && !event.ctrlKey && !event.metaKey && !event.altKey)
      location.hash = `#/photos/${encodeURIComponent(names.at((at + steps[event.key]) % names.length))}`;
  }
}
