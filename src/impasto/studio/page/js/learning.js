/** Watching a style being learned: samples, curves, the monitor's words; then keeping it. */
import { query, send } from "./api.js";
import { album } from "./album.js";
import { chartsOf } from "./chart.js";
import { range } from "./controls.js";
import { h, icon, say, tell } from "./dom.js";
import { bar, isActive, stateOf, styleName } from "./jobs.js";
import { spokenText } from "./said.js";
import { spokenName } from "./styles.js";
import { formatSeconds } from "./language.js";
import { announce, attempt, note } from "./notes.js";
import { words } from "./language.js";

export class LearningView {
  constructor() {
    this.title = h("h1", { tabIndex: -1 });
    this.state = h("p", { class: "lead", role: "status" });
    this.progress = bar(null);
    this.sheet = h("img", { class: "sheet", alt: "", hidden: true });
    this.waiting = h("p", { class: "sheet-waiting quiet", t: "learning.no-samples" });
    this.scrub = range(
      "learning.step",
      { min: 0, max: 0, step: 1, value: 0, spoken: (at) => String(this.samples?.[at]?.step ?? "") },
      (at) => this.showSample(at),
    );
    this.charts = h("div", { class: "charts" });
    this.said = h("ol", { class: "said", "aria-live": "polite", label: "learning.words" });
    this.used = h("p", { class: "quiet" });
    this.stop = h("button", { class: "strong", t: "learning.stop", on: { click: () => this.act("stop", this.stop) } });
    this.cancel = h("button", { t: "cancel", on: { click: () => this.act("cancel", this.cancel) } });
    this.retry = h("button", { t: "job.retry", on: { click: () => this.act("retry", this.retry) } });
    this.own = h("img", { class: "own", alt: "", hidden: true });
    this.own.addEventListener("error", () => {
      this.own.hidden = true;
    });
    this.sheetWords = h("p", { class: "quiet small-print", t: "learning.sheet", hidden: true });
    const back = h("a", { class: "back", href: "#/learn" }, icon("back"), h("span", { t: "learn.back" }));
    const pictures = h(
      "div",
      { class: "learning-pictures" },
      this.sheet,
      this.waiting,
      this.scrub.element,
      this.sheetWords,
      this.own,
    );
    const panel = h(
      "div",
      { class: "panel" },
      h("div", { class: "row" }, this.stop, this.cancel, this.retry),
      this.makeKeeping(),
      h("h2", { t: "learning.words" }),
      this.said,
      this.used,
    );
    this.element = h(
      "div",
      { class: "learning", hidden: true },
      h("div", { class: "learning-head" }, back, this.title, this.state, this.progress),
      pictures,
      panel,
      this.charts,
    );
    document.addEventListener("language", () => {
      this.said.replaceChildren();
      if (this.job) this.show(this.job);
    });
  }

  makeKeeping() {
    this.name = h("input", {
      type: "text",
      required: true,
      maxLength: 48,
      autocomplete: "off",
      pattern: "[a-z0-9][a-z0-9_\\-]*",
    });
    this.about = h("input", { type: "text", maxLength: 200 });
    const field = (key, input) => h("label", { class: "control field" }, h("span", { t: key }), input);
    this.keep = h("button", { class: "strong", type: "submit", t: "learning.keep" });
    this.keptLink = h("a", { class: "button", href: "#/photos", t: "learning.try", hidden: true });
    this.keeping = h(
      "form",
      { class: "keeping", hidden: true },
      field("learn.name", this.name),
      field("learning.about", this.about),
      h("div", { class: "row" }, this.keep, this.keptLink),
    );
    this.keeping.addEventListener("submit", (event) => {
      event.preventDefault();
      this.keepStyle();
    });
    return this.keeping;
  }

  begin(id) {
    this.id = id;
    this.job = null;
    this.clear();
    for (const part of [this.title, this.state]) tell(part, "");
  }

  /** Show nothing of what was learned: there is none yet, or it begins anew. */
  clear() {
    this.samples = [];
    for (const part of [this.sheet, this.own, this.keeping, this.sheetWords, this.scrub.element]) part.hidden = true;
    this.charts.replaceChildren();
    this.said.replaceChildren();
    tell(this.used, "");
  }

  async act(verb, button) {
    const job = await attempt(() => send("POST", `/jobs/${this.id}/${verb}`), button);
    if (job) this.show(job);
  }

  show(job) {
    this.job = job;
    const { learn } = job;
    if (job.status === "queued") this.clear();
    tell(this.title, styleName(job));
    this.showState(job);
    this.stop.hidden = !job.can_stop;
    this.cancel.hidden = !job.can_cancel;
    this.retry.hidden = !job.can_retry;
    if (!learn) return;
    if (learn.curves) this.charts.replaceChildren(...chartsOf(learn.curves));
    if (learn.samples) this.showSamples(learn.samples);
    if (learn.messages) this.showMessages(learn.messages);
    const { accepted = [], refused = [] } = learn.references ?? {};
    if (accepted.length) say(this.used, ["learning.used", { n: accepted.length, refused: refused.length }]);
    this.showKeeping(job);
  }

  showState(job) {
    const { learn } = job;
    this.progress.hidden = !isActive(job);
    if (job.progress === null) this.progress.removeAttribute("value");
    else this.progress.value = job.progress;
    if (learn?.stopping && isActive(job)) say(this.state, "learning.stopping");
    else if (job.status === "running" && learn?.step)
      say(this.state, [
        "learning.at",
        { step: learn.step, left: formatSeconds(learn.seconds_left ?? job.seconds_left) },
      ]);
    else tell(this.state, stateOf(job));
  }

  showSamples(samples) {
    const follows = this.scrub.value >= this.samples.length - 1;
    this.samples = samples;
    this.scrub.input.max = Math.max(0, samples.length - 1);
    this.scrub.element.hidden = samples.length < 2;
    this.waiting.hidden = samples.length > 0 || !isActive(this.job);
    this.waiting.classList.toggle("waiting", !this.waiting.hidden);
    if (samples.length && follows) this.showSample(samples.length - 1);
  }

  showSample(at) {
    this.scrub.set(at);
    this.showSheet(this.samples[at].url, "learning.sheet.alt", { step: this.samples[at].step });
  }

  showSheet(url, key, values) {
    this.sheet.hidden = this.sheetWords.hidden = false;
    this.waiting.hidden = true;
    if (!this.sheet.src.endsWith(url)) this.sheet.src = url;
    this.sheet.alt = words(key, values);
  }

  showMessages(messages) {
    for (const { step, text } of messages.slice(this.said.children.length)) {
      this.said.prepend(
        h(
          "li",
          {},
          step !== null && h("span", { class: "quiet numbers" }, String(step)),
          h("span", {}, spokenText(text)),
        ),
      );
    }
  }

  showKeeping(job) {
    const style = job.learn.style;
    this.keeping.hidden = !style;
    if (!style) return;
    if (!this.name.value || this.named !== job.id) this.name.value = style.kept_as ?? style.name;
    this.named = job.id;
    this.keep.hidden = style.kept;
    this.keptLink.hidden = !style.kept;
    if (style.kept_as) this.keptLink.href = `#/photos/${encodeURIComponent(style.kept_as)}`;
    for (const input of [this.name, this.about]) input.disabled = style.kept;
    if (!this.samples.length && style.preview_url) this.showSheet(style.preview_url, "library.sheet");
    if (job.status === "done" && album.current && this.own.hidden) {
      this.own.src = `/api/v1/jobs/${job.id}/render?${query({ upload: album.current.id, side: 1024 })}`;
      this.own.alt = words("learning.own");
      this.own.hidden = false;
    }
  }

  async keepStyle() {
    const kept = await attempt(
      () =>
        send("POST", `/jobs/${this.id}/keep`, {
          name: this.name.value.trim(),
          description: this.about.value.trim() || null,
        }),
      this.keep,
    );
    if (!kept) return;
    announce("learning.kept", { name: spokenName(kept.name) });
    note(words("learning.kept", { name: spokenName(kept.name) }));
    this.job.learn.style = { ...this.job.learn.style, kept: true, kept_as: kept.name };
    this.showKeeping(this.job);
  }
}
