/** The library as the page knows it: one list, told to all who show it. */
import { getJson } from "./api.js";
import { h } from "./dom.js";
import { hasWords, words } from "./language.js";

const listeners = new Set();
let styles = [];

export const allStyles = () => styles;
export const usableStyles = () => styles.filter((style) => style.usable);
export const styleNamed = (name) => styles.find((style) => style.name === name);

export function onStyles(listener) {
  listeners.add(listener);
  if (styles.length) listener(styles);
}

export async function loadStyles() {
  ({ styles } = await getJson("/styles"));
  const rank = { look: 0, paint: 1 };
  styles.sort(
    (one, other) => (rank[one.family] ?? 2) - (rank[other.family] ?? 2) || one.name.localeCompare(other.name),
  );
  for (const listener of listeners) listener(styles);
}

/** A name as people write it: van-gogh is Van Gogh. */
export function spokenName(name) {
  const key = `style.${name}`;
  if (hasWords(key)) return words(key);
  return name.replace(/[-_]+/g, " ").replace(/(^|\s)\p{Ll}/gu, (letter) => letter.toUpperCase());
}

export function spokenDescription(style) {
  const key = `style.${style.name}.about`;
  return style.builtin && hasWords(key) ? words(key) : style.description;
}

export function nameOf(spec) {
  return spec
    .split("+")
    .map((chain) =>
      chain
        .split(",")
        .map((part) => spokenName(part.split(":")[0]))
        .join(" × "),
    )
    .join(" → ");
}

/** Whether two styles can be mixed: looks with looks, paint with paint of one trunk. */
export function blendable(one, other) {
  if (one.name === other.name || one.family !== other.family) return false;
  return one.family === "look" || (one.trunk !== null && one.trunk === other.trunk);
}

/** One picture of a style's preview sheet, which holds four before (above) and after (below). */
export function previewCell(style, cell = 1) {
  const frame = h("span", { class: "cell", data: { cell: String(cell) } });
  frame.style.setProperty("--cell", String(cell));
  if (!style.preview_url) return frame;
  const picture = h("img", {
    src: `${style.preview_url}?${encodeURIComponent(style.created ?? "")}`,
    alt: "",
    loading: "lazy",
    decoding: "async",
  });
  picture.addEventListener("load", () => {
    if (Math.abs(picture.naturalWidth / picture.naturalHeight - 2) > 0.05) frame.dataset.cell = "whole";
  });
  frame.append(picture);
  return frame;
}
