/** The room of films: one film, one style, and what becomes of it, with its report. */
import { send, upload } from "./api.js";
import { StyleControls, toggle } from "./controls.js";
import { h, say, tell } from "./dom.js";
import { isFilm, picker } from "./files.js";
import { bar, follow, isActive, stateOf, titleOf } from "./jobs.js";
import { formatBytes, formatSeconds, words } from "./language.js";
import { attempt, note } from "./notes.js";
import { onStyles } from "./styles.js";
import { StylePicker } from "./style-picker.js";

export class FilmRoom {
  constructor(root, health) {
    this.film = null;
    this.choose = picker("film.choose", "video/*,.mkv", (files) => this.take(files), {
      multiple: false,
      class: "strong big",
    });
    this.sending = h("div", { class: "sending", hidden: true });
    const text = h(
      "div",
      { class: "invite-text" },
      h("h1", { t: "film.title" }),
      h("p", { class: "lead", t: "film.lead" }),
      this.choose,
      this.sending,
      h("p", { class: "quiet", t: "film.kept" }),
    );
    if (health.extras?.video === false) text.append(h("p", { class: "warning", t: "film.extra" }));
    this.empty = h("div", { class: "invite narrow" }, text);
    this.desk = this.makeDesk();
    this.work = h("div", { class: "film-work", hidden: true });
    root.append(this.empty, this.desk, this.work);
    onStyles(() => this.picker.style && this.controls.use(this.picker.style));
    document.addEventListener("language", () => this.job && this.showJob(this.job));
  }

  makeDesk() {
    this.picture = h("img", { alt: "" });
    this.name = h("h1", {});
    this.facts = h("p", { class: "quiet" });
    this.controls = new StyleControls(() => {});
    this.controls.second.element.classList.add("quiet-control");
    this.picker = new StylePicker((style) => this.controls.use(style));
    this.deinterlace = toggle("film.deinterlace", () => {});
    const start = h("button", { class: "strong", t: "film.start", on: { click: () => this.start(start) } });
    const other = h("button", { t: "film.other", on: { click: () => this.show(null) } });
    const panel = h(
      "div",
      { class: "panel" },
      this.name,
      this.facts,
      this.controls.element,
      this.deinterlace.element,
      h("div", { class: "row" }, start, other),
    );
    return h(
      "div",
      { class: "large film-desk", hidden: true },
      h("div", { class: "stage" }, h("div", { class: "frame" }, this.picture)),
      panel,
      h("div", { class: "below" }, this.picker.element),
    );
  }

  open(path) {
    this.stopFollowing?.();
    this.job = null;
    if (path[0]) this.stopFollowing = follow(path[0], (job) => this.showJob(job));
    this.show(this.film, Boolean(path[0]));
  }

  close() {
    this.stopFollowing?.();
  }

  show(film, isWorking = false) {
    this.film = film;
    if (film === null && location.hash !== "#/film" && !isWorking) location.hash = "#/film";
    this.empty.hidden = Boolean(film) || isWorking;
    this.desk.hidden = !film || isWorking;
    this.work.hidden = !isWorking;
  }

  async take(files) {
    const file = files.find(isFilm);
    if (!file) return note(words("film.not"));
    location.hash = "#/film";
    this.show(null);
    const progress = bar(0, "film.sending");
    this.sending.hidden = false;
    this.sending.replaceChildren(h("span", { class: "quiet", t: "film.sending" }), progress);
    const film = await attempt(() =>
      upload(file, (share) => {
        progress.value = share;
      }),
    );
    this.sending.hidden = true;
    if (!film) return undefined;
    this.picture.src = `${film.preview_url}?side=1600`;
    this.desk.querySelector(".frame").style.setProperty("--ratio", String(film.width / film.height));
    tell(this.name, film.name);
    const facts = [
      `${film.width} × ${film.height}`,
      film.seconds && formatSeconds(film.seconds),
      film.rate && `${Number(film.rate.toFixed(2))} fps`,
      formatBytes(film.bytes),
    ];
    tell(this.facts, facts.filter(Boolean).join(" · "));
    return this.show(film);
  }

  async start(button) {
    const request = {
      kind: "film",
      upload: this.film.id,
      ...this.controls.options,
      deinterlace: this.deinterlace.input.checked,
    };
    const job = await attempt(() => send("POST", "/jobs", request), button);
    if (job) location.hash = `#/film/${job.id}`;
  }

  showJob(job) {
    this.job = job;
    const { film } = job,
      button = (key, task) => h("button", { t: key, on: { click: (event) => attempt(task, event.target) } });
    const does = (verb) => () => send("POST", `/jobs/${job.id}/${verb}`);
    const result = job.results.find((file) => file.media_type.startsWith("video/"));
    const parts = [
      h("h1", {}, titleOf(job)),
      h(
        "p",
        { class: "lead", role: "status" },
        film && job.status === "running" ? words(`film.${film.stage}`) : stateOf(job),
      ),
    ];
    if (isActive(job)) parts.push(bar(job.progress), this.factsOf(job));
    if (result && !this.work.querySelector("video"))
      parts.push(
        h("video", {
          src: `${result.url}?inline=1`,
          controls: true,
          playsInline: true,
          preload: "metadata",
          label: "film.result",
        }),
      );
    else if (result) parts.push(this.work.querySelector("video"));
    for (const warning of film?.warnings ?? []) parts.push(h("p", { class: "warning" }, warning));
    parts.push(
      h(
        "div",
        { class: "row" },
        result &&
          h("a", {
            class: "button strong",
            href: result.url,
            download: "",
            t: ["job.file", { size: formatBytes(result.bytes) }],
          }),
        film?.report_url &&
          h("a", { class: "button", href: film.report_url, target: "_blank", rel: "noopener", t: "film.report" }),
        job.can_cancel && button("cancel", does("cancel")),
        job.can_retry && button("job.retry", does("retry")),
        h("a", {
          class: "button",
          href: "#/film",
          t: "film.other",
          on: {
            click: () => {
              this.film = null;
            },
          },
        }),
      ),
    );
    this.work.replaceChildren(...parts);
  }

  factsOf({ film, seconds_left }) {
    const line = h("p", { class: "quiet numbers" });
    if (!film?.frames_total) return line;
    say(line, [
      "film.frames",
      {
        done: film.frames_done,
        total: film.frames_total,
        rate: film.frames_per_second ?? 0,
        left: formatSeconds(seconds_left),
      },
    ]);
    return line;
  }
}
