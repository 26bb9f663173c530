// The page: its parts, and what visitors do with them.
import { Camera } from "./camera.js";
import { Divider } from "./divider.js";
import { Look } from "./look.js";
import { Meter } from "./meter.js";
import { keepPage, offerInstalling } from "./offline.js";
import { Paint } from "./paint.js";
import { Photo, download } from "./photo.js";
import { Stage } from "./stage.js";
import { applyLanguage, switchLanguage, text } from "./texts.js";

const SHOW_NUMBERS_EVERY = 500;
const byId = id => document.getElementById(id);
const KEPT = keepPage();
const RELOADED = "impasto-reloaded";

class Page {
  #notice = null;
  #styler = null;
  #photo = null;
  #shown = 0;
  #meter = new Meter();

  constructor(style) {
    this.style = style;
    this.strength = style.strength;
    this.stage = new Stage(byId("canvas"));
    this.camera = new Camera(byId("video"), () => { this.#tell("lost", true); this.#name(); });
    this.divider = new Divider(byId("divider"), byId("corners"), byId("canvas"), () => this.#draw());
    this.stage.onResize = () => this.divider.place();
    byId("canvas").addEventListener("webglcontextlost", () => location.reload());
    this.#listen();
    this.translate();
    this.#prepare();
  }

  // Loads the style's network before it is asked for, so that it is there, with or without a network, when it is.
  async #prepare() {
    await KEPT;
    if (this.style.network !== "script" && document.body.dataset.state === "idle" && isolate()) return;
    if (!navigator.connection?.saveData) this.#loaded().catch(() => {});
  }

  // The style's network, loaded when it is first needed, through what keeps it for the next time.
  async #loaded() {
    if (this.#styler) return this.#styler.ready;
    await KEPT;
    if (this.#styler) return this.#styler.ready;
    this.#styler = this.style.family === "look" ? new Look(this.style, this.stage) : new Paint(this.style, this.stage);
    this.#styler.ready.then(() => { this.isReady = true; document.body.dataset.ready = "yes"; }, () => {});
    return this.#styler.ready;
  }

  async #try(task) {
    try {
      await task();
    } catch (error) {
      const isKnown = text(error.message) !== undefined;
      this.#tell(isKnown ? error.message : "failed", true, isKnown ? [] : [error.message]);
    }
    this.#name();
  }

  async useCamera(start = () => this.camera.start()) {
    this.#tell("starting");
    await start();
    this.#photo = null;
    this.#open();
    this.#tell(this.isReady || this.style.network === "script" ? null : "loading");
    this.#styler?.restart();
    this.#meter.restart();
    this.camera.run(video => this.#onFrame(video));
    await this.#loaded();
    this.#tell(null);
  }

  #onFrame(video) {
    const { size } = this.camera, now = performance.now();
    if (!this.isReady || this.style.family === "look") {
      this.stage.setFrame(video, size.height, size.width);
      this.#drawn(now);
      if (this.isReady) this.#try(() => this.#styler.follow(now));
    } else if (!this.#styler.busy) {
      this.#try(async () => { if (await this.#styler.follow(video, size) && this.camera.isOn) this.#drawn(performance.now()); });
    }
  }

  #drawn(now) {
    this.#draw();
    this.#meter.tick(now);
    byId("canvas").dataset.frames = this.#meter.count;
    if (now - this.#shown < SHOW_NUMBERS_EVERY) return;
    this.#shown = now;
    this.#showNumbers();
  }

  #showNumbers() {
    const { height, width } = this.stage.size, size = `${width} × ${height}`, { rate } = this.#meter, numbers = byId("numbers");
    const rounded = rate < 10 ? rate.toFixed(1) : Math.round(rate), styler = this.#styler;
    numbers.dataset.rate = rate.toFixed(2);
    numbers.dataset.side = styler?.side ?? "";
    numbers.dataset.engine = styler?.engine ?? "";
    if (!this.camera.isOn) numbers.textContent = this.#photo ? `${this.#photo.size.width} × ${this.#photo.size.height}` : "";
    else if (styler?.side) numbers.textContent = text("paintFps", rounded, size, styler.side, styler.engine);
    else numbers.textContent = text("fps", rounded, size);
  }

  #draw() {
    if (!this.stage.size.width) return;
    this.stage.draw({ strength: this.strength, divider: this.divider.place01, mirror: this.camera.isOn && this.camera.facesUser });
  }

  async openPhoto(file) {
    const photo = await Photo.open(file);
    this.camera.stop();
    this.#photo = photo;
    this.shown = photo.fitted(this.stage.maxSide);
    const size = { height: this.shown.height, width: this.shown.width };
    this.#open();
    this.#showNumbers();
    this.stage.kind = undefined;
    this.stage.setFrame(this.shown, size.height, size.width);
    this.#draw();
    this.#tell(this.style.family === "look" ? null : this.isReady ? "painting" : "loading");
    await this.#loaded();
    // A frame of the camera's may still be in work.
    while (this.#styler.busy) await new Promise(resolve => setTimeout(resolve, 20));
    if (this.#photo !== photo) return;
    if (this.style.family === "look") this.stage.setFrame(this.shown, size.height, size.width);
    await this.#styler.settle(this.shown, size);
    if (this.#photo === photo) this.#tell(null);
    this.#draw();
    byId("canvas").dataset.photos = Number(byId("canvas").dataset.photos ?? 0) + 1;
  }

  async save() {
    this.#tell("saving");
    await new Promise(requestAnimationFrame);
    const base = this.#photo ? this.#photo.name.replace(/\.[^.]*$/, "") : "impasto";
    const name = `${base}-${this.style.name.replace(/[^\p{L}\p{N}._-]+/gu, "-")}.jpg`;
    if (this.#photo) {
      await download(this.#photo.rendered(this.stage, this.strength), name);
      this.stage.setFrame(this.shown, this.shown.height, this.shown.width);
      this.#draw();
    } else {
      this.stage.draw({ strength: this.strength });
      await download(byId("canvas"), name);
      this.#draw();
    }
    this.#tell("saved", false, [name]);
    setTimeout(() => { if (this.#notice?.key === "saved") this.#tell(null); }, 4000);
  }

  #open() {
    byId("start").hidden = true;
    byId("stage").hidden = byId("controls").hidden = false;
    document.body.dataset.state = this.#photo ? "photo" : "camera";
    this.divider.place();
    this.#name();
  }

  #tell(key, isWrong = false, values = []) {
    this.#notice = key ? { key, values } : null;
    const notice = byId("notice");
    notice.classList.toggle("wrong", isWrong);
    notice.textContent = key ? text(key, ...values) : "";
  }

  // Texts that hang on what is going on.
  #name() {
    byId("camera").textContent = text(this.camera.isOn ? "stop" : "camera");
    byId("next-camera").hidden = !(this.camera.isOn && this.camera.hasOthers);
    byId("save").disabled = !this.camera.isOn && !this.#photo;
    byId("share").textContent = `${Math.round(100 * this.strength)} %`;
    byId("strength").value = this.strength;
  }

  translate() {
    applyLanguage();
    this.#name();
    this.divider.place();
    if (this.#notice) byId("notice").textContent = text(this.#notice.key, ...this.#notice.values);
    if (!byId("controls").hidden) this.#showNumbers();
  }

  #listen() {
    const on = (id, event, task) => byId(id).addEventListener(event, task);
    on("language", "click", () => { switchLanguage(); this.translate(); });
    on("use-camera", "click", () => this.#try(() => this.useCamera()));
    on("camera", "click", () => this.#try(async () => this.camera.isOn ? this.camera.stop() : await this.useCamera()));
    on("next-camera", "click", () => this.#try(() => this.useCamera(() => this.camera.startNext())));
    on("save", "click", () => this.#try(() => this.save()));
    on("strength", "input", event => { this.strength = Number(event.target.value); this.#name(); this.#draw(); });
    on("compare", "click", event => {
      this.divider.show(!this.divider.isShown);
      event.target.setAttribute("aria-pressed", this.divider.isShown);
      this.#draw();
    });
    on("controls", "submit", event => event.preventDefault());
    for (const button of document.querySelectorAll(".open-photo")) button.addEventListener("click", () => byId("file").click());
    on("file", "change", event => {
      const [file] = event.target.files;
      event.target.value = "";
      if (file) this.#try(() => this.openPhoto(file));
    });
    this.#listenForDrops();
    offerInstalling(byId("install"));
  }

  #listenForDrops() {
    addEventListener("dragover", event => { event.preventDefault(); document.body.classList.add("over"); });
    addEventListener("dragleave", event => { if (!event.relatedTarget) document.body.classList.remove("over"); });
    addEventListener("drop", event => {
      event.preventDefault();
      document.body.classList.remove("over");
      const [file] = event.dataTransfer.files;
      if (file) this.#try(() => this.openPhoto(file));
    });
  }
}

// Opens the page once more where only what keeps it can cut it off from others, which threads take; says whether it does.
function isolate() {
  try {
    if (crossOriginIsolated || !navigator.serviceWorker?.controller || sessionStorage.getItem(RELOADED)) return false;
    sessionStorage.setItem(RELOADED, "yes");
  } catch {
    return false;
  }
  location.reload();
  return true;
}

async function begin() {
  byId("unserved").hidden = true;
  applyLanguage();
  try {
    const style = await (await fetch(new URL("../style/style.json", import.meta.url))).json();
    if (style.preview) Object.assign(byId("preview"), { src: "style/preview.jpg", hidden: false });
    document.querySelector(".choices").hidden = byId("promise").hidden = false;
    new Page(style);
  } catch (error) {
    byId("notice").classList.add("wrong");
    byId("notice").textContent = error.message === "WebGL 2" ? text("noWebGL") : text("failed", error.message);
  }
}

begin();
