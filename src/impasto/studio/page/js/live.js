/** The room of the camera: each frame goes to the server as a JPEG and comes back restyled, one at a time. */
import { saveBlob, socketUrl } from "./api.js";
import { range, toggle, choice } from "./controls.js";
import { h, icon, say, tell } from "./dom.js";
import { words } from "./language.js";
import { announce, note } from "./notes.js";
import { spokenText } from "./said.js";
import { StylePicker } from "./style-picker.js";

const WIDTHS = ["480", "640", "960", "1280"];
const WINDOW = 30;

export class LiveRoom {
  constructor(root) {
    this.canvas = h("canvas", { width: 1280, height: 720, label: "live.picture", role: "img" });
    this.video = h("video", { muted: true, playsInline: true, hidden: true });
    this.sketch = document.createElement("canvas");
    this.width = 640;
    this.times = [];
    this.start = h("button", { class: "strong big", t: "live.start", on: { click: () => this.begin() } });
    this.cover = h(
      "div",
      { class: "cover" },
      h("h1", { t: "live.title" }),
      h("p", { class: "lead", t: "live.lead" }),
      this.start,
      h("p", { class: "quiet", t: "live.private" }),
    );
    this.rate = h("output", { class: "numbers rate", "aria-live": "off" });
    this.snap = h(
      "button",
      { class: "round", label: "live.snapshot", hidden: true, on: { click: () => this.snapshot() } },
      icon("camera"),
    );
    this.end = h("button", { t: "live.stop", hidden: true, on: { click: () => this.close() } });
    this.picker = new StylePicker(() => this.change());
    this.strength = range("strength", { min: 0, max: 100, step: 1, value: 100 }, () => this.change());
    this.keepColor = toggle("keep-colour", () => this.change());
    this.size = choice(
      "live.width",
      WIDTHS.map((value) => ({ value, t: `live.width.${value}` })),
      (value) => {
        this.width = Number(value);
      },
      "640",
    );
    this.mirror = toggle("live.mirror", (on) => this.canvas.classList.toggle("mirrored", on));
    const stage = h(
      "div",
      { class: "stage live-stage" },
      h("div", { class: "frame" }, this.canvas, this.cover, this.rate, this.snap),
      this.video,
    );
    const panel = h(
      "div",
      { class: "panel" },
      h("h2", { t: "live" }),
      h(
        "div",
        { class: "controls" },
        this.strength.element,
        this.keepColor.element,
        this.mirror.element,
        this.size.element,
      ),
      this.end,
    );
    this.element = h("div", { class: "large live" }, stage, panel, h("div", { class: "below" }, this.picker.element));
    this.element.querySelector(".frame").style.setProperty("--ratio", String(16 / 9));
    root.append(this.element);
  }

  open() {}

  async begin() {
    try {
      this.stream = await navigator.mediaDevices.getUserMedia({
        video: { width: { ideal: 1280 }, height: { ideal: 720 } },
        audio: false,
      });
    } catch (error) {
      note(words(error.name === "NotAllowedError" ? "live.refused" : "live.none"));
      return;
    }
    this.video.srcObject = this.stream;
    await this.video.play();
    this.fit();
    this.running = true;
    this.cover.hidden = true;
    this.snap.hidden = this.end.hidden = false;
    this.connect();
  }

  fit() {
    const { videoWidth, videoHeight } = this.video;
    this.element.querySelector(".frame").style.setProperty("--ratio", String(videoWidth / videoHeight));
  }

  get asked() {
    return {
      style: this.picker.chosen,
      strength: this.strength.value / 100,
      keep_color: this.keepColor.input.checked,
      quality: 82,
    };
  }

  connect() {
    this.socket = new WebSocket(socketUrl("/live"));
    this.socket.binaryType = "arraybuffer";
    this.isReady = false;
    this.socket.addEventListener("open", () => this.change());
    this.socket.addEventListener("message", (event) => this.hear(event.data));
    this.socket.addEventListener("close", (event) => {
      if (!this.running) return;
      if (event.code >= 4400 && event.code !== 4429) {
        note(words("live.lost"));
        this.close();
        return;
      }
      setTimeout(() => this.running && this.connect(), 1000);
    });
  }

  change() {
    if (this.socket?.readyState === WebSocket.OPEN) this.socket.send(JSON.stringify(this.asked));
  }

  hear(data) {
    if (typeof data !== "string") {
      this.show(data);
      return;
    }
    const message = JSON.parse(data);
    if (message.type === "error") note(spokenText(message.message));
    if (message.type === "frame_error") {
      note(spokenText(message.message));
      this.sendFrame();
    }
    if (message.type === "ready" && !this.isReady) {
      this.isReady = true;
      this.sendFrame();
    }
  }

  /** Send the newest frame; the next one follows when this one has come back. */
  async sendFrame() {
    if (!this.running || this.socket.readyState !== WebSocket.OPEN) return;
    const { videoWidth, videoHeight } = this.video,
      width = Math.min(this.width, videoWidth);
    this.sketch.width = width;
    this.sketch.height = Math.round((width * videoHeight) / videoWidth);
    this.sketch.getContext("2d").drawImage(this.video, 0, 0, this.sketch.width, this.sketch.height);
    const blob = await new Promise((resolve) => this.sketch.toBlob(resolve, "image/jpeg", 0.85));
    this.sentAt = performance.now();
    if (this.running && this.socket.readyState === WebSocket.OPEN) this.socket.send(blob);
  }

  async show(data) {
    const now = performance.now();
    this.times.push([now, now - this.sentAt]);
    if (this.times.length > WINDOW) this.times.shift();
    this.sendFrame();
    this.last = new Blob([data], { type: "image/jpeg" });
    const picture = await createImageBitmap(this.last).catch(() => null);
    if (!picture || !this.running) return;
    if (this.canvas.width !== picture.width || this.canvas.height !== picture.height)
      [this.canvas.width, this.canvas.height] = [picture.width, picture.height];
    this.canvas.getContext("2d").drawImage(picture, 0, 0);
    this.canvas.dataset.frames = String(Number(this.canvas.dataset.frames ?? 0) + 1);
    picture.close();
    if (!this.toldAt || now - this.toldAt > 500) {
      this.toldAt = now;
      this.showRate();
    }
  }

  showRate() {
    if (this.times.length < 2) return;
    const spans = (this.times.at(-1)[0] - this.times[0][0]) / (this.times.length - 1);
    const delays = this.times.map(([, delay]) => delay).sort((one, other) => one - other);
    say(this.rate, [
      "live.rate",
      {
        fps: Math.round(1000 / spans),
        delay: Math.round(delays[delays.length >> 1]),
        width: this.canvas.width,
        height: this.canvas.height,
      },
    ]);
  }

  snapshot() {
    if (!this.last) return;
    saveBlob(this.last, `${this.picker.chosen}-${new Date().toISOString().slice(0, 19).replaceAll(":", "-")}.jpg`);
    announce("live.saved");
  }

  close() {
    this.running = false;
    this.socket?.close();
    for (const track of this.stream?.getTracks() ?? []) track.stop();
    this.times = [];
    tell(this.rate, "");
    this.cover.hidden = false;
    this.snap.hidden = this.end.hidden = true;
    this.canvas.getContext("2d").clearRect(0, 0, this.canvas.width, this.canvas.height);
  }
}
