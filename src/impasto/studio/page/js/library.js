/** The room of the library: every style, what it does, where it comes from. */
import { getJson, saveAs, send, upload } from "./api.js";
import { chart } from "./chart.js";
import { h, icon, say } from "./dom.js";
import { isStyle, picker } from "./files.js";
import { formatBytes, formatDate, hasWords, words } from "./language.js";
import { attempt, confirmed, note } from "./notes.js";
import { allStyles, loadStyles, onStyles, previewCell, spokenDescription, spokenName, styleNamed } from "./styles.js";

export class LibraryRoom {
  constructor(root) {
    const add = picker("library.import", ".style", (files) => this.take(files), { class: "strong" });
    this.count = h("p", { class: "lead" });
    this.grid = h("ul", { class: "library", label: "library" });
    this.data = h("section", { class: "part data" });
    this.detail = h("dialog", {
      class: "detail",
      on: {
        click: (event) => event.target === this.detail && this.detail.close(),
        close: () => {
          if (location.hash.startsWith("#/library/")) location.hash = "#/library";
        },
      },
    });
    root.append(
      h("div", { class: "row between head" }, h("div", {}, h("h1", { t: "library" }), this.count), add),
      this.grid,
      this.data,
      this.detail,
    );
    onStyles(() => this.show());
    document.addEventListener("language", () => {
      this.show();
      this.showData();
    });
  }

  open(path) {
    this.showData();
    if (path[0]) this.showDetail(decodeURIComponent(path[0]));
    else if (this.detail.open) this.detail.close();
  }

  close() {
    if (this.detail.open) this.detail.close();
  }

  show() {
    const styles = allStyles();
    say(this.count, ["library.count", { n: styles.length, own: styles.filter((style) => !style.builtin).length }]);
    this.grid.replaceChildren(
      ...styles.map((style) => {
        const caption = h(
          "span",
          { class: "caption" },
          h("b", {}, spokenName(style.name)),
          h("span", { class: "quiet" }, style.usable ? spokenDescription(style) : style.problem),
        );
        return h(
          "li",
          { class: style.usable ? "" : "broken" },
          h(
            "a",
            { href: `#/library/${encodeURIComponent(style.name)}` },
            h(
              "span",
              { class: "sheet" },
              style.preview_url ? h("img", { src: style.preview_url, alt: "", loading: "lazy" }) : previewCell(style),
            ),
            caption,
          ),
        );
      }),
    );
  }

  async take(files) {
    for (const file of files.filter(isStyle)) {
      const name = file.name
        .replace(/\.style$/i, "")
        .toLowerCase()
        .replace(/[^a-z0-9_-]+/g, "-");
      const style = await attempt(() => upload(file, () => {}, `/styles?name=${encodeURIComponent(name)}`));
      if (style) {
        note(words("library.added", { name: spokenName(style.name) }));
        await attempt(loadStyles);
      }
    }
    if (!files.some(isStyle)) note(words("library.not"));
  }

  async showDetail(name) {
    const style = (await attempt(() => getJson(`/styles/${encodeURIComponent(name)}`))) ?? styleNamed(name);
    if (!style) {
      location.hash = "#/library";
      return;
    }
    const facts = this.facts(style).map(([key, value]) => h("div", {}, h("dt", { t: key }), h("dd", {}, value)));
    const actions = h(
      "div",
      { class: "row" },
      style.usable &&
        h("a", { class: "button strong", href: `#/photos/${encodeURIComponent(name)}`, t: "library.use" }),
      h("button", {
        t: "library.download",
        on: {
          click: (event) =>
            attempt(() => saveAs(`/styles/${encodeURIComponent(name)}/file`, `${name}.style`), event.target),
        },
      }),
      !style.builtin && h("button", { t: "delete", on: { click: () => this.remove(style) } }),
    );
    const close = h(
      "button",
      { class: "plain", label: "close", on: { click: () => this.detail.close() } },
      icon("close"),
    );
    const curves = Object.entries(style.curves ?? {})
      .slice(0, 6)
      .map(([title, points]) => this.curve(title, points));
    this.detail.replaceChildren(
      h(
        "div",
        { class: "detail-body" },
        h("div", { class: "row between" }, h("h2", {}, spokenName(name)), close),
        h("p", { class: "lead" }, spokenDescription(style)),
        style.preview_url && h("img", { class: "sheet", src: style.preview_url, alt: words("library.sheet") }),
        actions,
        h("h3", { t: "library.provenance" }),
        h("dl", {}, facts),
        curves.length > 0 && h("h3", { t: "library.curves" }),
        h("div", { class: "charts" }, curves),
      ),
    );
    this.detail.setAttribute("aria-label", spokenName(name));
    if (!this.detail.open) this.detail.showModal();
  }

  curve(title, points) {
    const drawn = chart("chart.losses", { [title]: points });
    const caption = drawn.querySelector("figcaption > span");
    delete caption.dataset.t;
    caption.textContent = hasWords(`curve.${title}`) ? words(`curve.${title}`) : title;
    drawn.querySelector(".legends").textContent = points.at(-1)?.[1].toPrecision(3) ?? "";
    return drawn;
  }

  facts(style) {
    const { sources = {} } = style;
    const number = (value) =>
      typeof value === "number" ? value.toLocaleString(undefined, { maximumFractionDigits: 3 }) : String(value);
    return [
      ["fact.family", words(`family.${style.family || "unknown"}`)],
      ["fact.created", formatDate(style.created)],
      [
        "fact.references",
        sources.num_references
          ? words("fact.pictures", { n: sources.num_references, other: sources.num_content ?? 0 })
          : "",
      ],
      ["fact.license", sources.license_note],
      ["fact.gate", words(style.has_gate ? "yes" : "no")],
      ["fact.trunk", style.trunk],
      [
        "fact.metrics",
        Object.entries(style.metrics ?? {})
          .slice(0, 4)
          .map(([name, value]) => `${name.replaceAll("_", " ")} ${number(value)}`)
          .join(" · "),
      ],
      ["fact.version", `Impasto ${style.impasto_version ?? ""}`],
      ["fact.bytes", formatBytes(style.bytes ?? 0)],
    ].filter(([, value]) => value);
  }

  async remove(style) {
    if (!(await confirmed("library.delete", { name: spokenName(style.name) }, "delete"))) return;
    await attempt(async () => {
      await send("DELETE", `/styles/${encodeURIComponent(style.name)}`);
      this.detail.close();
      await loadStyles();
    });
  }

  async showData() {
    const data = await getJson("/data").catch(() => null);
    if (!data) return;
    const forget = h("button", {
      t: "data.delete",
      on: {
        click: async () => {
          if (await confirmed("data.confirm", {}, "delete")) {
            await attempt(() => send("DELETE", "/data"));
            location.reload();
          }
        },
      },
    });
    this.data.replaceChildren(
      h("h2", { t: "data" }),
      h("p", {
        class: "quiet",
        t: [
          "data.about",
          { size: formatBytes(data.bytes), uploads: data.num_uploads, jobs: data.num_jobs, days: data.retention_days },
        ],
      }),
      forget,
    );
  }
}
