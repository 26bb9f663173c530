/** The room of data: what is kept, for how long, what leaves the machine, and how all of it is deleted. */
import { getJson, send } from "./api.js";
import { h } from "./dom.js";
import { formatBytes, words } from "./language.js";
import { attempt, confirmed, note } from "./notes.js";

export class DataRoom {
  constructor(root, health) {
    this.health = health;
    this.facts = h("div", { class: "facts" });
    root.append(
      h("div", { class: "letter" }, h("h1", { t: "data" }), h("p", { class: "lead", t: "data.lead" }), this.facts),
    );
    document.addEventListener("language", () => this.data && this.show());
  }

  open() {
    attempt(() => this.load());
  }

  close() {}

  async load() {
    [this.data, this.ratings] = await Promise.all([getJson("/data"), getJson("/ratings").catch(() => ({}))]);
    this.show();
  }

  show() {
    const { bytes, num_uploads, num_jobs, retention_days } = this.data;
    const kept = [
      "data.about",
      { size: formatBytes(bytes), uploads: num_uploads, jobs: num_jobs, days: retention_days },
    ];
    const parts = [
      this.part(
        "data.kept",
        [h("p", { t: kept })],
        this.action("data.delete", "data.confirm", () => this.deleteAll()),
      ),
      this.part("data.location", [h("p", { t: "data.location.about" })]),
      this.part("data.signing", [h("p", { t: [`data.signing.${this.signing}`, { name: this.health.signs_as }] })]),
      this.ratings?.num_ratings &&
        this.part(
          "data.ratings",
          [h("p", { t: ["data.ratings.about", { n: this.ratings.num_ratings }] })],
          this.action("data.forget", "data.forget.confirm", () => send("DELETE", "/ratings")),
        ),
      this.part(
        "data.browser",
        [h("p", { t: "data.browser.about" })],
        this.action("data.browser.forget", "data.browser.confirm", () => this.forgetBrowser()),
      ),
    ];
    this.facts.replaceChildren(...parts.filter(Boolean));
  }

  /** Whether results are signed as edited: on, off, or not installed. */
  get signing() {
    const { signs_as, extras } = this.health;
    if (signs_as) return "on";
    return extras?.sign ? "off" : "missing";
  }

  part(title, content, action = null) {
    return h("section", { class: "fact" }, h("h2", { t: title }), h("div", { class: "fact-body" }, content, action));
  }

  action(key, question, task) {
    const run = async (event) => {
      if (!(await confirmed(question, {}, key))) return;
      await attempt(task, event.target);
      await attempt(() => this.load());
    };
    return h("button", { t: key, on: { click: run } });
  }

  async deleteAll() {
    const { deleted_uploads, deleted_jobs } = await send("DELETE", "/data");
    note(words("data.deleted", { uploads: deleted_uploads, jobs: deleted_jobs }));
    document.dispatchEvent(new CustomEvent("data-deleted"));
  }

  async forgetBrowser() {
    for (const key of Object.keys(localStorage)) if (key.startsWith("impasto-")) localStorage.removeItem(key);
    if (this.health.needs_token) await send("DELETE", "/session");
    location.reload();
  }
}
