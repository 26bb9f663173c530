/** Elements made in one call, whose words follow the language. */
import { remember } from "./language.js";

const SVG = "http://www.w3.org/2000/svg";

/** Make an element. `t`, `label`, `hint` are keys of words, or [key, values]; `on` holds listeners. */
export function h(tag, given = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(given)) {
    if (value === undefined || value === null || value === false) continue;
    if (name === "on") for (const [event, listener] of Object.entries(value)) element.addEventListener(event, listener);
    else if (name === "t" || name === "label" || name === "hint") say(element, value, name);
    else if (name === "class") element.className = value;
    else if (name === "data") Object.assign(element.dataset, value);
    else if (name in element && !name.includes("-") && name !== "list" && name !== "form") element[name] = value;
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

/** Give an element words that change with the language: its text, its aria-label, or its placeholder. */
export function say(element, words, place = "t") {
  const [key, values] = Array.isArray(words) ? words : [words, {}];
  remember(element, place, key, values);
}

/** Empty an element of words that follow the language, and give it plain text. */
export function tell(element, text) {
  delete element.dataset.t;
  element.textContent = text;
}

const DRAWINGS = {
  photos: "M4 5h16v14H4z M4 16l5-5 4 4 3-3 4 4",
  film: "M4 5h16v14H4z M8 5v14 M16 5v14 M4 9.7h4 M4 14.3h4 M16 9.7h4 M16 14.3h4",
  learn: "M4 20c5-1 5-7 9-11l5-5 2 2-5 5c-4 4-10 4-11 9z",
  library: "M4 4h7v7H4z M13 4h7v7h-7z M4 13h7v7H4z M13 13h7v7h-7z",
  live: "M3 7h12v10H3z M15 11l6-3v8l-6-3z",
  jobs: "M4 13l3-8h10l3 8v6H4z M4 13h5l1 2.5h4l1-2.5h5",
  add: "M12 5v14 M5 12h14",
  back: "M14 5l-7 7 7 7",
  close: "M6 6l12 12 M18 6L6 18",
  theme: "M12 4a8 8 0 1 0 0 16z M12 4a8 8 0 0 1 0 16",
  camera: "M4 8h4l2-3h4l2 3h4v11H4z M12 10a3.5 3.5 0 1 0 0 7 3.5 3.5 0 0 0 0-7z",
};

export function icon(name) {
  const drawing = document.createElementNS(SVG, "svg");
  drawing.setAttribute("viewBox", "0 0 24 24");
  drawing.setAttribute("aria-hidden", "true");
  drawing.setAttribute("class", "icon");
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("d", DRAWINGS[name]);
  drawing.append(path);
  return drawing;
}

export function shape(tag, attributes, ...children) {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}
