/** A film being restyled, and the restyled film with its report. */
import { query, send } from "./api.js";
import { h, icon } from "./dom.js";
import { bar, isActive, stateOf, titleOf } from "./jobs.js";
import { formatBytes, formatSeconds, words } from "./language.js";
import { attempt } from "./notes.js";

export class FilmWork {
  constructor(onLeave) {
    this.onLeave = onLeave;
    this.element = h("div", { class: "film-work", hidden: true });
    document.addEventListener("language", () => this.job && this.show(this.job));
  }

  begin(id) {
    if (this.job?.id !== id) this.element.replaceChildren();
    this.job = null;
  }

  show(job) {
    this.job = job;
    const { film } = job,
      result = job.results.find((file) => file.media_type.startsWith("video/"));
    const state = film && job.status === "running" ? words(`film.${film.stage}`) : stateOf(job);
    const focused = this.element.contains(document.activeElement) ? document.activeElement.dataset.action : null;
    const back = h(
      "a",
      { class: "back", href: "#/film", on: { click: () => this.onLeave() } },
      icon("back"),
      h("span", { t: "film.other" }),
    );
    const head = [back, h("h1", {}, titleOf(job)), h("p", { class: "lead", role: "status" }, state)];
    const progress = isActive(job)
      ? [bar(job.progress), h("p", { class: "quiet numbers" }, this.factsOf(job) || "\u00a0")]
      : [];
    const warnings = (film?.warnings ?? []).map((warning) => h("p", { class: "warning" }, warning));
    this.element.replaceChildren(
      ...head,
      ...progress,
      this.pictureOf(job, result),
      ...warnings,
      this.actions(job, result),
    );
    if (focused) this.element.querySelector(`[data-action="${focused}"]`)?.focus();
  }

  /** The film once it is there; until then its first frame in the style. The element is kept between updates. */
  pictureOf(job, result) {
    const { upload, style, strength, keep_color, where } = job.request;
    const still = `/api/v1/uploads/${upload}/render?${query({ style, strength, keep_color, where, side: 1024 })}`;
    const tag = result ? "VIDEO" : "IMG",
      present = this.element.querySelector("video, .still");
    if (present?.tagName === tag && present.dataset.job === job.id) return present;
    if (!result) return h("img", { class: "still", src: still, alt: "", data: { job: job.id } });
    return h("video", {
      src: `${result.url}?inline=1`,
      poster: still,
      controls: true,
      playsInline: true,
      preload: "metadata",
      label: "film.result",
      data: { job: job.id },
    });
  }

  actions(job, result) {
    const does = (verb, key) =>
      h("button", {
        t: key,
        data: { action: verb },
        on: { click: (event) => attempt(() => send("POST", `/jobs/${job.id}/${verb}`), event.target) },
      });
    const size = result && formatBytes(result.bytes);
    const report = job.film?.report_url;
    return h(
      "div",
      { class: "row" },
      result && h("a", { class: "button strong", href: result.url, download: "", t: ["job.file", { size }] }),
      report && h("a", { class: "button", href: report, target: "_blank", rel: "noopener", t: "film.report" }),
      job.can_cancel && does("cancel", "cancel"),
      job.can_retry && does("retry", "job.retry"),
    );
  }

  factsOf({ film, seconds_left }) {
    if (!film?.frames_total) return "";
    const { frames_done: done, frames_total: total, frames_per_second: rate } = film;
    const facts = [
      words("film.frames", { done, total }),
      rate && words("film.speed", { rate }),
      seconds_left && words("job.left", { time: formatSeconds(seconds_left) }),
    ];
    return facts.filter(Boolean).join(" · ");
  }
}
