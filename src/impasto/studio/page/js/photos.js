/** The room of photos: an invitation, then a wall of every style on one's photo, then one style large. */
import { getJson, lines, query } from "./api.js";
import { AlikeRow } from "./alike.js";
import { addPhotos, album, choosePhoto, onAlbum, removePhoto } from "./album.js";
import { h, icon, say } from "./dom.js";
import { isFilm, picker } from "./files.js";
import { LargeView } from "./large.js";
import { attempt } from "./notes.js";
import { spokenText } from "./said.js";
import { onStyles, previewCell, spokenDescription, spokenName, usableStyles } from "./styles.js";

const WALL_SIDE = 512;
/** Which picture of its preview sheet stands for a style, so that neighbours differ. */
const SUBJECTS = [1, 0, 2, 1, 0];

export class PhotosRoom {
  constructor(root, health) {
    this.root = root;
    this.tiles = new Map();
    this.walls = new Map();
    this.abort = null;
    this.large = new LargeView((style) => this.pictureOf(style), health);
    this.strip = h("ul", { class: "album", label: "album" });
    this.progress = h("p", { class: "quiet", role: "status" });
    this.wall = h("ul", { class: "wall", label: "wall" });
    this.heading = h("h1", { class: "unseen", t: "wall" });
    this.findAlike = h("button", {
      class: "small",
      t: "alike",
      on: { click: () => this.alike.open(album.current) },
    });
    this.alike = new AlikeRow(() => this.findAlike.focus());
    this.wallView = h(
      "div",
      { class: "wall-view", hidden: true },
      this.heading,
      h("div", { class: "wall-head" }, this.strip, h("div", { class: "row" }, this.progress, this.findAlike)),
      this.alike.element,
      this.wall,
    );
    this.samples = h("ul", { class: "samples", label: "samples" });
    root.append(this.invitation(), this.wallView, this.large.element);
    onStyles(() => {
      this.showSamples();
      this.forget();
      this.show();
    });
    onAlbum(() => this.show());
    document.addEventListener("language", () => this.rename());
  }

  invitation() {
    const choose = picker("photos.choose", "image/*,.heic,.heif,.avif,.tif,.tiff", (files) => this.take(files), {
      class: "strong big",
    });
    const text = h(
      "div",
      { class: "invite-text" },
      h("h1", { t: "photos.title" }),
      h("p", { class: "lead", t: "photos.lead" }),
      choose,
      h("p", { class: "quiet", t: "photos.private" }),
    );
    this.empty = h("div", { class: "invite" }, text, this.samples);
    return this.empty;
  }

  showSamples() {
    this.samples.replaceChildren(
      ...usableStyles()
        .filter((style) => style.preview_url)
        .map((style, at) =>
          h(
            "li",
            {},
            previewCell(style, SUBJECTS[at % SUBJECTS.length]),
            h("span", { class: "caption" }, spokenName(style.name)),
          ),
        ),
    );
  }

  take(files) {
    const films = files.filter(isFilm),
      photos = files.filter((file) => !isFilm(file));
    if (photos.length) {
      location.hash = "#/photos";
      addPhotos(photos);
    }
    return films;
  }

  /** Show what the address says: the wall, or one style large. */
  open(path) {
    this.chosen = path[0] ? decodeURIComponent(path[0]) : null;
    this.show();
  }

  close() {
    this.large.stop();
    this.alike.drop();
  }

  show() {
    const photo = album.current;
    const style = this.chosen && usableStyles().find((each) => each.name === this.chosen);
    const isLarge = Boolean(photo && style);
    this.empty.hidden = Boolean(photo || album.sending);
    this.wallView.hidden = isLarge || !this.empty.hidden;
    this.large.element.hidden = !isLarge;
    this.root.classList.toggle("is-large", isLarge);
    this.showStrip();
    this.alike.follow(photo);
    if (!photo) return;
    if (isLarge) this.large.open(photo, style);
    else this.large.stop();
    if (!this.root.hidden && this.walls.get(photo.id)?.started !== true) this.hang(photo);
    else if (this.shown !== photo.id) this.showWall(photo);
    if (!isLarge && this.returning) {
      this.tiles.get(this.returning)?.querySelector("a").focus();
      this.returning = null;
    }
    if (isLarge) this.returning = style.name;
  }

  showStrip() {
    const thumbs = album.photos.map((photo) => {
      const isCurrent = photo === album.current;
      const button = h(
        "button",
        {
          class: "thumb",
          label: ["album.show", { name: photo.name }],
          "aria-pressed": String(isCurrent),
          on: { click: () => choosePhoto(photo.id) },
        },
        h("img", { src: `${photo.preview_url}?side=160`, alt: "" }),
      );
      const remove = h(
        "button",
        { class: "remove", label: ["album.remove", { name: photo.name }], on: { click: () => removePhoto(photo) } },
        icon("close"),
      );
      return h("li", { class: isCurrent ? "current" : "" }, button, remove);
    });
    const waiting = Array.from({ length: album.sending }, () => h("li", {}, h("span", { class: "thumb waiting" })));
    const add = h(
      "li",
      {},
      picker("photos.add", "image/*,.heic,.heif,.avif,.tif,.tiff", (files) => this.take(files), {
        class: "thumb add",
        icon: icon("add"),
      }),
    );
    this.strip.replaceChildren(...thumbs, ...waiting, add);
  }

  forget() {
    this.abort?.abort();
    this.walls.clear();
    this.shown = null;
  }

  pictureOf(style) {
    return this.walls.get(album.current?.id)?.urls.get(style) ?? "";
  }

  showWall(photo) {
    this.shown = photo.id;
    this.showProgress(this.walls.get(photo.id)?.done);
    const ratio = `${photo.width} / ${photo.height}`;
    const original = h(
      "li",
      { class: "tile original" },
      h("span", { class: "picture" }, h("img", { src: `${photo.preview_url}?side=${WALL_SIDE}`, alt: "" })),
      h("span", { class: "caption" }, h("b", { t: "original" }), h("span", { class: "quiet" }, photo.name)),
    );
    this.tiles = new Map(usableStyles().map((style) => [style.name, this.tile(photo, style)]));
    this.wall.replaceChildren(original, ...this.tiles.values());
    this.wall.style.setProperty("--ratio", ratio);
    this.wall.classList.toggle("tall", photo.height > photo.width * 1.1);
    for (const [name, url] of this.walls.get(photo.id)?.urls ?? []) this.hangOne(name, url);
  }

  tile(photo, style) {
    const picture = h(
      "span",
      { class: "picture" },
      h("img", { class: "ghost", src: `${photo.preview_url}?side=64`, alt: "" }),
    );
    const caption = h(
      "span",
      { class: "caption" },
      h("b", {}, spokenName(style.name)),
      h("span", { class: "quiet", t: `family.${style.family || "unknown"}` }),
    );
    const link = h(
      "a",
      { href: `#/photos/${encodeURIComponent(style.name)}`, title: spokenDescription(style) },
      picture,
      caption,
    );
    return h("li", { class: "tile waiting", data: { style: style.name } }, link);
  }

  rename() {
    this.showSamples();
    for (const [name, tile] of this.tiles) tile.querySelector("b").textContent = spokenName(name);
    this.large.rename();
  }

  hangOne(name, url) {
    const tile = this.tiles.get(name);
    if (!tile || tile.querySelector(".done")) return;
    const picture = h("img", { class: "done", alt: "", decoding: "async" });
    picture.addEventListener("load", () => tile.classList.remove("waiting"));
    picture.src = url;
    tile.querySelector(".picture").append(picture);
  }

  async hang(photo) {
    this.abort?.abort();
    this.abort = new AbortController();
    const wall = { started: true, urls: new Map() },
      { signal } = this.abort;
    this.walls.set(photo.id, wall);
    this.showWall(photo);
    try {
      for await (const line of lines(`/uploads/${photo.id}/wall?side=${WALL_SIDE}`, signal)) {
        if (line.done) {
          wall.done = line;
          this.showProgress(line);
        } else if (line.ok) {
          wall.urls.set(line.style, line.url);
          if (this.shown === photo.id) this.hangOne(line.style, line.url);
        } else this.refuse(line);
        if (line.ok) this.large.hearOf(line.style);
      }
    } catch (error) {
      this.walls.delete(photo.id);
      if (error.name !== "AbortError")
        await attempt(() => {
          throw error;
        });
    }
    if (wall.urls.size && !signal.aborted) this.suggest(photo);
  }

  /** Say how long a wall took, or that it is still being hung. */
  showProgress(line) {
    if (!line) {
      say(this.progress, "wall.working");
      return;
    }
    say(this.progress, ["wall.done", { n: line.count, seconds: Number((line.milliseconds / 1000).toFixed(1)) }]);
  }

  refuse({ style, error }) {
    const tile = this.tiles.get(style);
    tile?.classList.replace("waiting", "failed");
    tile?.querySelector(".caption .quiet").replaceChildren(spokenText(error.message));
  }

  /** Mark the styles that suit the photo best; without suggestions the wall is whole as well. */
  async suggest(photo) {
    const found = await getJson(`/styles/suggest?${query({ upload: photo.id })}`).catch(() => ({ suggestions: [] }));
    if (this.shown !== photo.id) return;
    for (const { style, reason } of found.suggestions.slice(0, 2)) {
      const tile = this.tiles.get(style);
      tile?.querySelector(".caption").append(h("span", { class: "suits", t: "suits", title: reason }));
    }
  }
}
