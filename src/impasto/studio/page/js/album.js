/** The photos that are being worked on; they survive a reload for as long as the server keeps them. */
import { getJson, send, upload } from "./api.js";
import { attempt, note } from "./notes.js";
import { eachOf } from "./files.js";
import { words } from "./language.js";

const listeners = new Set();

export const album = { photos: [], current: null, sending: 0 };

export const onAlbum = (listener) => listeners.add(listener);

/** Keep in this browser which uploads are worked with. */
export function rememberUploads(key, uploads) {
  localStorage.setItem(`impasto-${key}`, JSON.stringify(uploads.map((one) => one.id)));
}

/** Return the photos that were kept under a key and that the server still has, the oldest first. */
export async function recallUploads(key) {
  const kept = new Set(JSON.parse(localStorage.getItem(`impasto-${key}`) ?? "[]"));
  if (!kept.size) return [];
  const { uploads } = await getJson("/uploads?limit=1000");
  return uploads.filter((one) => one.kind === "photo" && kept.has(one.id)).reverse();
}

function changed() {
  rememberUploads("photos", album.photos);
  for (const listener of listeners) listener();
}

export async function restoreAlbum() {
  album.photos = await recallUploads("photos");
  album.current ??= album.photos.at(-1) ?? null;
  changed();
}

document.addEventListener("data-deleted", () => {
  Object.assign(album, { photos: [], current: null });
  changed();
});

export function choosePhoto(id) {
  album.current = album.photos.find((photo) => photo.id === id) ?? album.current;
  changed();
}

/** Show a photo that the server has; it is then one of those that are worked on. */
export function takePhoto(photo) {
  if (!album.photos.some((known) => known.id === photo.id)) album.photos.push(photo);
  choosePhoto(photo.id);
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
