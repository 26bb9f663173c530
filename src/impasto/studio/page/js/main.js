/** The start of the page: language, light, rooms, and which of them is open. */
import { getJson, send } from "./api.js";
import { restoreAlbum } from "./album.js";
import { h, icon } from "./dom.js";
import { DataRoom } from "./data.js";
import { FilmRoom } from "./film.js";
import { isFilm, isStyle, takeFiles } from "./files.js";
import { jobsButton, makeJobs } from "./jobs.js";
import { currentLanguage, startLanguage, switchLanguage, words } from "./language.js";
import { LearnRoom } from "./learn.js";
import { LibraryRoom } from "./library.js";
import { LiveRoom } from "./live.js";
import { attempt } from "./notes.js";
import { PhotosRoom } from "./photos.js";
import { loadStyles } from "./styles.js";

const ROOMS = {
  photos: PhotosRoom,
  film: FilmRoom,
  learn: LearnRoom,
  library: LibraryRoom,
  live: LiveRoom,
  data: DataRoom,
};
const UNLISTED = new Set(["data"]);
const rooms = {};
let open = null;

function showTheme(theme) {
  if (theme) document.documentElement.dataset.theme = theme;
}

function themeButton() {
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const present = () => document.documentElement.dataset.theme ?? (dark.matches ? "dark" : "light");
  const change = () => {
    showTheme(present() === "dark" ? "light" : "dark");
    localStorage.setItem("impasto-theme", present());
  };
  return h("button", { class: "tool", label: "theme", on: { click: change } }, icon("theme"));
}

function languageButton() {
  const button = h("button", { class: "tool text", on: { click: switchLanguage } });
  const show = () => {
    const isEnglish = currentLanguage() === "en";
    button.textContent = isEnglish ? "中文" : "EN";
    button.lang = isEnglish ? "zh-Hans" : "en";
    button.setAttribute("aria-label", isEnglish ? "切换到中文" : "Switch to English");
  };
  document.addEventListener("language", show);
  show();
  return button;
}

function makeRooms(health) {
  const main = document.getElementById("main"),
    list = h("ul", {});
  document.getElementById("rooms").append(list);
  for (const [name, Room] of Object.entries(ROOMS)) {
    const root = h("section", { class: `room ${name}-room`, label: name, hidden: true });
    const link = h("a", { href: `#/${name}` }, UNLISTED.has(name) ? null : icon(name), h("span", { t: name }));
    if (UNLISTED.has(name))
      document.getElementById("foot").append(h("span", {}, `Impasto ${health.version ?? ""}`), link);
    else list.append(h("li", {}, link));
    main.append(root);
    rooms[name] = { root, link, room: new Room(root, health) };
  }
}

function showRoom() {
  const [, asked = "photos", ...path] = location.hash.split("/");
  const name = asked in rooms ? asked : "photos";
  if (open && open !== name) rooms[open].room.close();
  for (const [each, { root, link }] of Object.entries(rooms)) {
    root.hidden = each !== name;
    if (each === name) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  if (open !== name) window.scrollTo(0, 0);
  open = name;
  rooms[name].room.open(path);
  showTitle();
}

function showTitle() {
  document.title = `${words(open ?? "photos")} · Impasto`;
}

function take(files) {
  if (!files.length) return;
  const styles = files.filter(isStyle),
    films = files.filter(isFilm);
  const photos = files.filter((file) => !isStyle(file) && !isFilm(file));
  if (styles.length) {
    location.hash = "#/library";
    rooms.library.room.take(styles);
  }
  if (photos.length) (open === "learn" ? rooms.learn : rooms.photos).room.take(photos);
  if (films.length) rooms.film.room.take(films);
}

function askForToken() {
  if (document.querySelector(".token")) return;
  const field = h("input", { type: "password", required: true, autocomplete: "off" });
  const form = h(
    "form",
    {
      class: "controls",
      on: {
        submit: async (event) => {
          event.preventDefault();
          const opened = await attempt(async () => {
            await send("POST", "/session", { token: field.value.trim() });
            return true;
          });
          if (opened) location.reload();
        },
      },
    },
    h("h2", { t: "token" }),
    h("p", { class: "quiet", t: "token.about" }),
    h("label", { class: "control field" }, h("span", { t: "token.field" }), field),
    h("button", { class: "strong", type: "submit", t: "token.open" }),
  );
  const dialog = h("dialog", { class: "token question", label: "token" }, form);
  document.body.append(dialog);
  dialog.addEventListener("cancel", (event) => event.preventDefault());
  dialog.showModal();
}

async function start() {
  showTheme(localStorage.getItem("impasto-theme"));
  startLanguage();
  document.addEventListener("token-needed", askForToken);
  const health = (await attempt(() => getJson("/health"))) ?? {};
  document.getElementById("tools").append(jobsButton(), languageButton(), themeButton());
  makeRooms(health);
  if (health.needs_token && !health.extras) {
    askForToken();
    return;
  }
  makeJobs();
  addEventListener("hashchange", showRoom);
  document.addEventListener("language", showTitle);
  takeFiles(take);
  await Promise.all([attempt(loadStyles), attempt(restoreAlbum)]);
  showRoom();
  document.documentElement.dataset.ready = "true";
}

start();
