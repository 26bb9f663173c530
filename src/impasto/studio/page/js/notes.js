/** What is said to the user: aloud to those who listen, and as a note where something went wrong. */
import { h, icon, say } from "./dom.js";
import { words } from "./language.js";

export function announce(key, values) {
  document.getElementById("status").textContent = words(key, values);
}

/** Show a line until it is closed or eight seconds have passed. */
export function note(text) {
  const line = h("p", { class: "note" }, h("span", {}, text));
  const close = h("button", { class: "plain", label: "close", on: { click: () => line.remove() } }, icon("close"));
  line.append(close);
  document.getElementById("notes").append(line);
  setTimeout(() => line.remove(), 8000);
}

/** Run a task; a refusal becomes a note, and an aborted one nothing. */
export async function attempt(task, button = null) {
  button?.setAttribute("aria-busy", "true");
  try {
    return await task();
  } catch (error) {
    if (error.name !== "AbortError") note(error.message);
    return undefined;
  } finally {
    button?.removeAttribute("aria-busy");
  }
}

/** Ask before something is lost. */
export function confirmed(key, values, action) {
  return new Promise((resolve) => {
    const question = h("p", { t: [key, values] });
    const yes = h("button", { class: "strong", t: action, on: { click: () => dialog.close("yes") } });
    const no = h("button", { t: "cancel", on: { click: () => dialog.close("") } });
    const dialog = h("dialog", { class: "question" }, question, h("div", { class: "row end" }, no, yes));
    say(dialog, [key, values], "label");
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve(dialog.returnValue === "yes");
    });
    document.body.append(dialog);
    dialog.showModal();
  });
}
