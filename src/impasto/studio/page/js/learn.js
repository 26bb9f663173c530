/** The room where styles are learned: references in, then watching, then a name. */
import { send, upload } from "./api.js";
import { choice, range, toggle } from "./controls.js";
import { h, icon, say } from "./dom.js";
import { eachOf, picker } from "./files.js";
import { allJobs, follow, onJobs, runLinks } from "./jobs.js";
import { LearningView } from "./learning.js";
import { words } from "./language.js";
import { recallUploads, rememberUploads } from "./album.js";
import { spokenText } from "./said.js";
import { onStyles, previewCell, spokenName, usableStyles } from "./styles.js";
import { attempt, note } from "./notes.js";

const MINUTES = [1, 2, 5, 10, 20, 40, 90];
const CHECK_AFTER = 400;

export class LearnRoom {
  constructor(root, health) {
    this.references = [];
    this.verdicts = new Map();
    this.sending = 0;
    this.family = "look";
    this.learning = new LearningView();
    this.runs = h("ul", { class: "runs" });
    this.examples = h("ul", { class: "examples", label: "learn.examples" });
    this.runsPart = h("section", { hidden: true, class: "part" }, h("h2", { t: "learn.runs" }), this.runs);
    this.desk = h("div", { class: "learn-desk" }, this.makeReferences(), this.makeForm(health), this.runsPart);
    root.append(this.desk, this.learning.element);
    onJobs(() => this.showRuns());
    onStyles(() => this.showExamples());
    document.addEventListener("language", () => {
      this.showExamples();
      this.show();
    });
    this.show();
    document.addEventListener("data-deleted", () => {
      this.references = [];
      this.checkSoon();
      this.show();
    });
    attempt(() => this.restore());
  }

  async restore() {
    this.references = await recallUploads("references");
    if (this.references.length) await this.check();
  }

  makeReferences() {
    this.choose = picker("learn.choose", "image/*,.heic,.heif,.avif,.tif,.tiff", (files) => this.take(files), {
      class: "strong big",
    });
    this.summary = h("p", { class: "lead", role: "status", t: "learn.lead" });
    this.grid = h("ul", { class: "references", label: "learn.references" });
    this.faults = h("details", { class: "faults", hidden: true });
    return h(
      "section",
      { class: "learn-references" },
      h("h1", { t: "learn.title" }),
      this.summary,
      h("div", { class: "row" }, this.choose),
      this.grid,
      this.faults,
      this.examples,
    );
  }

  makeForm(health) {
    const field = (key, given) => h("label", { class: "control field" }, h("span", { t: key }), given);
    this.name = h("input", { type: "text", maxLength: 48, autocomplete: "off", hint: "learn.name.hint" });
    this.license = h("input", { type: "text", maxLength: 200, hint: "learn.license.hint" });
    this.kind = choice(
      "learn.family",
      [
        { value: "look", t: "learn.look" },
        { value: "paint", t: "learn.paint" },
      ],
      (value) => {
        this.family = value;
        this.show();
      },
    );
    this.minutes = range(
      "learn.minutes",
      { min: 0, max: MINUTES.length - 1, step: 1, value: 2, spoken: (at) => words("time.minutes", { n: MINUTES[at] }) },
      () => {},
    );
    this.grain = toggle("learn.grain", () => {}, "learn.grain.hint");
    this.hint = h("p", { class: "quiet" });
    this.button = h("button", { class: "strong big", type: "submit", t: "learn.start" });
    const form = h(
      "form",
      { class: "panel learn-form" },
      this.kind.element,
      this.hint,
      field("learn.name", this.name),
      this.minutes.element,
      this.grain.element,
      field("learn.license", this.license),
      this.button,
    );
    if (health.extras?.learn === false) form.append(h("p", { class: "warning", t: "learn.extra" }));
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.start();
    });
    return form;
  }

  open(path) {
    this.stopFollowing?.();
    const id = path[0];
    this.desk.hidden = Boolean(id);
    this.learning.element.hidden = !id;
    if (id) {
      this.learning.begin(id);
      this.stopFollowing = follow(id, (job) => this.learning.show(job));
    }
  }

  close() {
    this.stopFollowing?.();
  }

  async take(files) {
    if (location.hash !== "#/learn") location.hash = "#/learn";
    this.sending += files.length;
    this.show();
    await eachOf(files, async (file) => {
      try {
        const one = await upload(file);
        if (one.kind === "photo" && !this.references.some((known) => known.id === one.id)) this.references.push(one);
      } catch (error) {
        note(`${file.name}: ${error.message}`);
      }
      this.sending -= 1;
      this.show();
    });
    this.checkSoon();
  }

  checkSoon() {
    rememberUploads("references", this.references);
    clearTimeout(this.timer);
    this.timer = setTimeout(() => attempt(() => this.check()), CHECK_AFTER);
  }

  async check() {
    if (!this.references.length) return this.show();
    const found = await send("POST", "/references/check", { uploads: this.references.map((one) => one.id) });
    this.verdicts = new Map(found.refused.map((one) => [one.upload, one]));
    this.warnings = found.warnings;
    return this.show();
  }

  remove(one) {
    this.references = this.references.filter((each) => each !== one);
    this.checkSoon();
    this.show();
  }

  /** Before there are references: what others have become. */
  showExamples() {
    const learned = usableStyles().filter((style) => style.preview_url && style.sources?.num_references);
    const paints = learned.filter((style) => style.family === "paint"),
      looks = learned.filter((style) => style.family === "look");
    const chosen = [paints.at(-1), looks[0], paints[0]].filter(Boolean);
    this.examples.replaceChildren(
      ...chosen.map((style, at) => {
        const from = ["learn.example", { n: style.sources.num_references }];
        const caption = h("span", { class: "caption" }, h("b", {}, spokenName(style.name)));
        caption.append(h("span", { class: "quiet", t: from }));
        return h("li", {}, previewCell(style, (at + 1) % 3), caption);
      }),
    );
  }

  show() {
    this.examples.hidden = this.references.length > 0 || this.sending > 0;
    const refused = this.references.filter((one) => this.verdicts.has(one.id));
    const good = this.references.length - refused.length;
    say(
      this.summary,
      this.sending
        ? ["learn.sending", { n: this.sending }]
        : this.references.length
          ? ["learn.count", { n: good, all: this.references.length }]
          : "learn.lead",
    );
    this.grid.replaceChildren(
      ...this.references.map((one) => this.picture(one)),
      ...Array.from({ length: this.sending }, () => h("li", {}, h("span", { class: "thumb waiting" }))),
    );
    this.grid.hidden = !this.grid.children.length;
    this.faults.hidden = !refused.length && !this.warnings?.length;
    const reasons = [
      ...refused.map((one) => `${one.name}: ${spokenText(this.verdicts.get(one.id).reason)}`),
      ...(this.warnings ?? []).map(spokenText),
    ];
    this.faults.replaceChildren(
      h("summary", { t: ["learn.refused", { n: refused.length }] }),
      h(
        "ul",
        {},
        reasons.map((reason) => h("li", {}, reason)),
      ),
    );
    say(this.hint, `learn.${this.family}.hint`);
    this.grain.element.hidden = this.family !== "look";
    this.button.disabled = good < 1 || this.sending > 0;
  }

  picture(one) {
    const fault = this.verdicts.get(one.id);
    const image = h("img", { src: `${one.preview_url}?side=256`, alt: one.name, loading: "lazy" });
    const remove = h(
      "button",
      { class: "remove", label: ["album.remove", { name: one.name }], on: { click: () => this.remove(one) } },
      icon("close"),
    );
    const kind = `fault.${fault?.fault.replaceAll(" ", "-")}`;
    const mark = fault && h("span", { class: "fault", t: kind, title: spokenText(fault.reason) });
    return h("li", { class: fault ? "refused" : "" }, h("span", { class: "thumb" }, image), mark, remove);
  }

  async start() {
    const good = this.references.filter((one) => !this.verdicts.has(one.id)).map((one) => one.id);
    const name = this.name.value.trim().toLowerCase().replace(/\s+/g, "-");
    const request = {
      kind: "learn",
      references: good,
      family: this.family,
      minutes: MINUTES[this.minutes.value],
      license_note: this.license.value.trim(),
      grain: this.family === "look" && this.grain.input.checked,
    };
    if (name) request.name = name;
    const job = await attempt(() => send("POST", "/jobs", request), this.button);
    if (job) location.hash = `#/learn/${job.id}`;
  }

  showRuns() {
    const runs = allJobs().filter((job) => job.kind === "learn");
    this.runsPart.hidden = !runs.length;
    this.runs.replaceChildren(...runLinks(runs));
  }
}
