/** The room of films: one film, one style tried on its first frame, and what becomes of it. */
import { getJson, send, upload } from "./api.js";
import { toggle } from "./controls.js";
import { h, icon, tell } from "./dom.js";
import { FilmWork } from "./film-work.js";
import { isFilm, picker } from "./files.js";
import { allJobs, bar, follow, onJobs, runLinks } from "./jobs.js";
import { formatBytes, formatSeconds, words } from "./language.js";
import { attempt, note } from "./notes.js";
import { Proof } from "./proof.js";
import { StyleControls } from "./style-controls.js";
import { StylePicker } from "./style-picker.js";
import { onStyles, previewCell, spokenName, usableStyles } from "./styles.js";

const NUM_FRAMES = 12;

export class FilmRoom {
  constructor(root, health) {
    this.film = null;
    this.work = new FilmWork(() => this.leave());
    this.desk = this.makeDesk();
    root.append(this.makeInvitation(health), this.desk, this.work.element);
    onStyles(() => {
      this.showStrip();
      if (this.picker.style) this.controls.use(this.picker.style);
    });
    onJobs(() => this.showRuns());
    document.addEventListener("language", () => this.film && this.describe());
  }

  makeInvitation(health) {
    const choose = picker("film.choose", "video/*,.mkv", (files) => this.take(files), {
      multiple: false,
      class: "strong big",
    });
    this.sending = h("div", { class: "sending", role: "status", hidden: true });
    this.strip = h("div", { class: "strip", "aria-hidden": "true" });
    this.films = h("ul", { class: "album", label: "film.earlier" });
    this.runs = h("ul", { class: "runs" });
    this.earlier = h("section", { class: "part", hidden: true }, h("h2", { t: "film.earlier" }), this.films, this.runs);
    const text = h(
      "div",
      { class: "invite-text" },
      h("h1", { t: "film.title" }),
      h("p", { class: "lead", t: "film.lead" }),
      choose,
      this.sending,
      h("p", { class: "quiet", t: "film.kept" }),
    );
    if (health.extras?.video === false) text.append(h("p", { class: "warning", t: "film.extra" }));
    this.empty = h("div", {}, h("div", { class: "invite narrow" }, text), this.strip, this.earlier);
    return this.empty;
  }

  makeDesk() {
    this.name = h("h1", { tabIndex: -1 });
    this.facts = h("p", { class: "quiet" });
    this.proof = new Proof();
    this.controls = new StyleControls(() => this.render());
    this.picker = new StylePicker((style) => {
      this.controls.use(style);
      this.render();
    });
    this.deinterlace = toggle("film.deinterlace", () => {});
    const start = h("button", { class: "strong", t: "film.start", on: { click: () => this.start(start) } });
    const back = h(
      "a",
      { class: "back", href: "#/film", on: { click: () => this.leave() } },
      icon("back"),
      h("span", { t: "film.other" }),
    );
    const panel = h(
      "div",
      { class: "panel" },
      this.name,
      this.facts,
      this.controls.element,
      this.deinterlace.element,
      start,
    );
    const below = h("div", { class: "below" }, this.picker.element);
    return h("div", { class: "large film-desk", hidden: true }, back, this.proof.element, panel, below);
  }

  open(path) {
    this.stopFollowing?.();
    const id = path[0];
    if (id) {
      this.work.begin(id);
      this.stopFollowing = follow(id, (job) => this.work.show(job));
    } else attempt(() => this.findFilms());
    this.show(Boolean(id));
  }

  close() {
    this.stopFollowing?.();
    this.proof.stop();
  }

  show(isWorking = false) {
    this.empty.hidden = Boolean(this.film) || isWorking;
    this.desk.hidden = !this.film || isWorking;
    this.work.element.hidden = !isWorking;
    if (!this.desk.hidden && this.controls.style) this.render();
  }

  leave() {
    this.film = null;
    this.proof.stop();
    if (location.hash === "#/film") this.open([]);
    else location.hash = "#/film";
  }

  /** A strip of frames, each in another style. */
  showStrip() {
    const styles = usableStyles().filter((style) => style.preview_url);
    const frames = Array.from({ length: styles.length && NUM_FRAMES }, (_, at) =>
      previewCell(styles[(at * 5) % styles.length], at % 4),
    );
    this.strip.replaceChildren(...frames);
  }

  /** Offer the films that were sent before. */
  async findFilms() {
    const { uploads } = await getJson("/uploads?limit=200");
    const films = uploads.filter((one) => one.kind === "film").slice(0, 12);
    this.films.replaceChildren(
      ...films.map((film) => {
        const picture = h("img", { src: `${film.preview_url}?side=320`, alt: "" });
        const button = h(
          "button",
          { class: "thumb wide", label: ["film.use", { name: film.name }], on: { click: () => this.use(film) } },
          picture,
        );
        return h("li", {}, button);
      }),
    );
    this.showRuns();
  }

  showRuns() {
    this.runs.replaceChildren(...runLinks(allJobs().filter((job) => job.kind === "film")));
    this.earlier.hidden = !this.runs.children.length && !this.films.children.length;
  }

  async take(files) {
    const file = files.find(isFilm);
    if (!file) return note(words("film.not"));
    this.leave();
    const progress = bar(0, "film.sending");
    this.sending.hidden = false;
    this.sending.replaceChildren(h("span", { class: "quiet", t: "film.sending" }), progress);
    const film = await attempt(() =>
      upload(file, (share) => {
        progress.value = share;
      }),
    );
    this.sending.hidden = true;
    return film ? this.use(film) : undefined;
  }

  use(film) {
    this.film = film;
    this.describe();
    this.proof.show(film);
    this.show();
    this.name.focus({ preventScroll: true });
  }

  describe() {
    const { name, width, height, seconds, rate, bytes } = this.film;
    tell(this.name, name);
    const facts = [
      `${width} × ${height}`,
      seconds && formatSeconds(seconds),
      rate && words("film.rate", { n: Number(rate.toFixed(2)) }),
      formatBytes(bytes),
    ];
    tell(this.facts, facts.filter(Boolean).join(" · "));
  }

  render() {
    if (this.film && !this.desk.hidden) this.proof.renderSoon(this.controls.options, spokenName(this.picker.chosen));
  }

  async start(button) {
    const deinterlace = this.deinterlace.input.checked;
    const request = { kind: "film", upload: this.film.id, ...this.controls.options, deinterlace };
    const job = await attempt(() => send("POST", "/jobs", request), button);
    if (job) location.hash = `#/film/${job.id}`;
  }
}
