/** Files that are dropped, picked or pasted. */
import { h } from "./dom.js";

/** A button that opens the file picker. */
export function picker(words, accept, onFiles, given = {}) {
  const input = h("input", { type: "file", accept, multiple: given.multiple ?? true, hidden: true, tabIndex: -1 });
  input.addEventListener("change", () => {
    onFiles([...input.files]);
    input.value = "";
  });
  const button = h("button", {
    class: given.class ?? "strong",
    t: given.icon ? undefined : words,
    label: given.icon ? words : undefined,
    on: { click: () => input.click() },
  });
  if (given.icon) button.append(given.icon);
  return h("span", { class: "picker" }, button, input);
}

async function filesOf(entry) {
  if (entry.isFile) return [await new Promise((resolve, reject) => entry.file(resolve, reject))];
  const reader = entry.createReader(),
    found = [];
  for (;;) {
    const part = await new Promise((resolve, reject) => reader.readEntries(resolve, reject));
    if (!part.length) break;
    found.push(...part);
  }
  return (await Promise.all(found.map(filesOf))).flat();
}

async function dropped(transfer) {
  const entries = [...transfer.items].map((item) => item.webkitGetAsEntry?.()).filter(Boolean);
  const files = [...transfer.files];
  return entries.some((entry) => entry.isDirectory) ? (await Promise.all(entries.map(filesOf))).flat() : files;
}

/** Take files that are dropped anywhere or pasted, and give them to the room that is open. */
export function takeFiles(onFiles) {
  let depth = 0;
  const carries = (event) => event.dataTransfer?.types.includes("Files");
  const mark = (open) => document.body.classList.toggle("dropping", open);
  document.addEventListener("dragenter", (event) => {
    if (carries(event)) {
      depth += 1;
      mark(true);
    }
  });
  document.addEventListener("dragleave", (event) => {
    if (carries(event)) {
      depth -= 1;
      mark(depth > 0);
    }
  });
  document.addEventListener("dragover", (event) => carries(event) && event.preventDefault());
  document.addEventListener("drop", async (event) => {
    if (!carries(event)) return;
    event.preventDefault();
    depth = 0;
    mark(false);
    onFiles(await dropped(event.dataTransfer));
  });
  document.addEventListener(
    "paste",
    (event) => event.clipboardData?.files.length && onFiles([...event.clipboardData.files]),
  );
}

/** Run a task for each file, a few at a time. */
export async function eachOf(files, task, atOnce = 3) {
  const waiting = [...files];
  const work = async () => {
    while (waiting.length) await task(waiting.shift());
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, files.length) }, work));
}

export const isFilm = (file) => file.type.startsWith("video/") || /\.(mp4|mov|mkv|webm|m4v)$/i.test(file.name);
export const isStyle = (file) => /\.style$/i.test(file.name);
