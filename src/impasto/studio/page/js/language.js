/** English and 简体中文. Elements remember which words they show, so that switching needs no reload. */
import { en } from "./words-en.js";
import { zh } from "./words-zh.js";

const WORDS = { en, zh };
const PLACES = { t: "t", label: "tLabel", hint: "tHint" };
const values = new WeakMap();
let language = "en";

/** Return the words of a key in the present language, with {names} filled in. */
export function words(key, given = {}) {
  const chosen = given.n === 1 && `${key}.one` in WORDS[language] ? `${key}.one` : key;
  const text = WORDS[language][chosen] ?? WORDS.en[chosen] ?? key;
  return text.replace(/\{(\w+)\}/g, (_, name) => spoken(given[name]));
}

export const hasWords = (key) => key in WORDS[language];

function spoken(value) {
  return typeof value === "number"
    ? value.toLocaleString(language === "zh" ? "zh-CN" : "en-GB", { maximumFractionDigits: 2 })
    : String(value ?? "");
}

export function remember(element, place, key, given) {
  element.dataset[PLACES[place]] = key;
  const all = values.get(element) ?? {};
  all[place] = given;
  values.set(element, all);
  show(element, place);
}

function show(element, place) {
  const key = element.dataset[PLACES[place]];
  if (key === undefined) return;
  const text = words(key, values.get(element)?.[place]);
  if (place === "t") element.textContent = text;
  else if (place === "hint") element.placeholder = text;
  else {
    element.setAttribute("aria-label", text);
    if (element.matches("button, a")) element.title = text;
  }
}

export function currentLanguage() {
  return language;
}

export function setLanguage(chosen) {
  language = chosen in WORDS ? chosen : "en";
  document.documentElement.lang = language === "zh" ? "zh-Hans" : "en";
  for (const element of document.querySelectorAll("[data-t], [data-t-label], [data-t-hint]")) {
    for (const place of Object.keys(PLACES)) show(element, place);
  }
  document.dispatchEvent(new CustomEvent("language"));
}

/** Choose the language that was chosen before, or that the browser asks for. */
export function startLanguage() {
  const asked = localStorage.getItem("impasto-language");
  const wanted = navigator.languages?.find((each) => /^(zh|en)/i.test(each)) ?? "en";
  setLanguage(asked ?? (/^zh/i.test(wanted) ? "zh" : "en"));
}

export function switchLanguage() {
  setLanguage(language === "zh" ? "en" : "zh");
  localStorage.setItem("impasto-language", language);
}

export function formatBytes(bytes) {
  const power = Math.min(3, Math.floor(Math.log10(Math.max(1, bytes)) / 3));
  return `${spoken(Number((bytes / 1000 ** power).toPrecision(3)))} ${["B", "kB", "MB", "GB"][power]}`;
}

export function formatSeconds(seconds) {
  if (seconds === null || seconds === undefined) return "";
  if (seconds < 60) return words("time.seconds", { n: Math.max(1, Math.round(seconds)) });
  return seconds < 3600
    ? words("time.minutes", { n: Math.round(seconds / 60) })
    : words("time.hours", { n: Math.round(seconds / 360) / 10 });
}

export function formatDate(text) {
  if (!text) return "";
  return new Date(text).toLocaleDateString(language === "zh" ? "zh-CN" : "en-GB", {
    year: "numeric",
    month: "long",
    day: "numeric",
  });
}
