/** The room of the library: every style, what it does, where it comes from. */
import { getJson, query, saveAs, send, upload } from "./api.js";
import { chart } from "./chart.js";
import { choice } from "./controls.js";
import { h, icon, say } from "./dom.js";
import { isStyle, picker } from "./files.js";
import { formatBytes, formatDate, hasWords, words } from "./language.js";
import { attempt, confirmed, note } from "./notes.js";
import { allStyles, loadStyles, onStyles, spokenDescription, spokenName, styleNamed } from "./styles.js";

const FILTERS = {
  all: () => true,
  look: (style) => style.family === "look",
  paint: (style) => style.family === "paint",
  own: (style) => !style.builtin,
};

/** How near results come to the references, beside untouched photos. */
function distanceOf(metrics) {
  const measured = ["texture", "color"].find((each) => `${each}_distance_untouched` in metrics);
  if (!measured) return "";
  const [after, before] = [metrics[`${measured}_distance`], metrics[`${measured}_distance_untouched`]];
  return words(`fact.distance.${measured}`, { after: Number(after.toFixed(3)), before: Number(before.toFixed(3)) });
}

export class LibraryRoom {
  constructor(root) {
    const add = picker("library.import", ".style", (files) => this.take(files), { class: "strong" });
    this.count = h("p", { class: "lead" });
    this.ratings = new Map();
    this.filter = "all";
    const filters = Object.keys(FILTERS).map((value) => ({ value, t: `filter.${value}` }));
    this.filters = choice("library.filter", filters, (value) => {
      this.filter = value;
      this.show();
    });
    this.nothing = h("p", { class: "quiet", t: "library.nothing", hidden: true });
    this.grid = h("ul", { class: "library", label: "library" });
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
      this.filters.element,
      this.nothing,
      this.grid,
      this.detail,
    );
    onStyles(() => this.show());
    document.addEventListener("language", () => this.show());
  }

  open(path) {
    attempt(() => this.loadRatings());
    if (path[0]) this.showDetail(decodeURIComponent(path[0]));
    else if (this.detail.open) this.detail.close();
  }

  close() {
    if (this.detail.open) this.detail.close();
  }

  show() {
    const styles = allStyles();
    say(this.count, ["library.count", { n: styles.length, own: styles.filter((style) => !style.builtin).length }]);
    const shown = styles.filter(FILTERS[this.filter]);
    this.grid.replaceChildren(...shown.map((style) => this.entry(style)));
    this.nothing.hidden = shown.length > 0;
  }

  entry(style) {
    const rating = this.ratings.get(style.name);
    const caption = h(
      "span",
      { class: "caption" },
      h("b", {}, spokenName(style.name)),
      h("span", { class: "quiet" }, style.usable ? spokenDescription(style) : style.problem),
      rating && h("span", { class: "rated", t: ["library.rated", rating] }),
    );
    const sheet = style.preview_url
      ? h("img", { src: style.preview_url, alt: "", loading: "lazy" })
      : h("span", { class: "no-sheet", t: "library.no-preview" });
    const link = h(
      "a",
      { href: `#/library/${encodeURIComponent(style.name)}` },
      h("span", { class: "sheet" }, sheet),
      caption,
    );
    return h("li", { class: style.usable ? "" : "broken" }, link);
  }

  /** What one has rated: the mean of the stars of each style. */
  async loadRatings() {
    const { ratings } = await getJson("/ratings");
    const given = new Map();
    for (const { style, stars } of ratings) given.set(style, [...(given.get(style) ?? []), stars]);
    const mean = (stars) => stars.reduce((sum, each) => sum + each, 0) / stars.length;
    this.ratings = new Map(
      [...given].map(([style, stars]) => [style, { n: stars.length, stars: Number(mean(stars).toFixed(1)) }]),
    );
    this.show();
  }

  async take(files) {
    for (const file of files.filter(isStyle)) await attempt(() => this.add(file));
    if (!files.some(isStyle)) note(words("library.not"));
  }

  /** Put a style file into the library; ask before it takes the place of another. */
  async add(file, overwrite = false) {
    const name = file.name
      .replace(/\.style$/i, "")
      .toLowerCase()
      .replace(/[^a-z0-9_-]+/g, "-");
    try {
      const style = await upload(file, () => {}, `/styles?${query({ name, overwrite: overwrite || null })}`);
      note(words("library.added", { name: spokenName(style.name) }));
      await loadStyles();
    } catch (error) {
      if (error.code !== "conflict" || overwrite || styleNamed(name)?.builtin) throw error;
      if (await confirmed("library.replace", { name: spokenName(name) }, "library.overwrite"))
        await this.add(file, true);
    }
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
      ["fact.distance", distanceOf(style.metrics ?? {})],
      ["fact.steps", style.metrics?.steps?.toLocaleString()],
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
}
