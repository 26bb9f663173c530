/** The photos that are being worked on; they survive a reload for as long as the server keeps them. */
import { getJson, send, upload } from "./api.js";
import { attempt, note } from "./notes.js";
import { eachOf } from "./files.js";
import { words } from "./language.js";

const KEY = "impasto-photos";
const listeners = new Set();

export const album = { photos: [], current: null, sending: 0 };

export const onAlbum = (listener) => listeners.add(listener);

function changed() {
  localStorage.setItem(KEY, JSON.stringify(album.photos.map((photo) => photo.id)));
  for (const listener of listeners) listener();
}

export async function restoreAlbum() {
  const kept = new Set(JSON.parse(localStorage.getItem(KEY) ?? "[]"));
  if (!kept.size) return;
  const { uploads } = await getJson("/uploads?limit=200");
  album.photos = uploads.filter((one) => one.kind === "photo" && kept.has(one.id)).reverse();
  album.current ??= album.photos.at(-1) ?? null;
  changed();
}

export function choosePhoto(id) {
  album.current = album.photos.find((photo) => photo.id === id) ?? album.current;
  changed();
}

/** Send photos; the first of them is shown as soon as it has arrived. */
export async function addPhotos(files) {
  let first = true;
  album.sending += files.length;
  changed();
  await eachOf(files, async (file) => {
    try {
      const photo = await upload(file);
      if (photo.kind !== "photo") note(words("photos.not", { name: file.name }));
      else if (!album.photos.some((known) => known.id === photo.id)) album.photos.push(photo);
      if (photo.kind === "photo" && first) {
        album.current = photo;
        first = false;
      }
    } catch (error) {
      note(`${file.name}: ${error.message}`);
    }
    album.sending -= 1;
    changed();
  });
}

export async function removePhoto(photo) {
  const at = album.photos.indexOf(photo);
  album.photos.splice(at, 1);
  if (album.current === photo) album.current = album.photos[Math.max(0, at - 1)] ?? null;
  changed();
  await attempt(() => send("DELETE", `/uploads/${photo.id}`));
}
