/** What the server says, in the language of the page where that is known. */
import { currentLanguage } from "./language.js";
import { chinese } from "./said-zh.js";

const HOLE = /\{(\w+)\}/;

function matcher([english, translated]) {
  const parts = english.split(HOLE);
  const escaped = parts.map((part, at) => (at % 2 ? "(.+?)" : part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")));
  const [told, names] = [0, 1].map((which) => parts.filter((_, at) => at % 2 === which));
  return { pattern: new RegExp(`^${escaped.join("")}$`, "s"), names, length: told.join("").length, translated };
}

const matchers = chinese.map(matcher);

function translate(text) {
  let best = null;
  for (const matched of matchers) {
    const found = matched.pattern.exec(text);
    // What leaves less to holes says it better.
    if (found && !(best?.length >= matched.length)) best = { ...matched, found };
  }
  if (!best) return null;
  const given = new Map(best.names.map((name, at) => [name, inside(best.found[at + 1])]));
  return best.translated.replace(/\{(\w+)\}/g, (_, name) => given.get(name));
}

/** What stands in a hole may be something known itself, or a list of such. */
function inside(text) {
  const parts = text.split(", ").map(translate);
  return parts.includes(null) ? (translate(text) ?? text) : parts.join("、");
}

/** Whether something the server says is known in the present language; English always is. */
export const isKnown = (text) => currentLanguage() === "en" || translate(text) !== null;

export function spokenText(text) {
  return (currentLanguage() === "zh" && translate(text)) || text;
}
