// The visitor's camera.
const WRONG = { NotAllowedError: "denied", SecurityError: "denied", NotFoundError: "absent", OverconstrainedError: "absent",
  NotReadableError: "busy", AbortError: "busy" };

export class Camera {
  #video;
  #stream = null;
  #devices = [];

  // `onLost` is called when the camera is unplugged.
  constructor(video, onLost) {
    this.#video = video;
    this.onLost = onLost;
  }

  get isOn() { return this.#stream !== null; }
  get hasOthers() { return this.#devices.length > 1; }
  get size() { return { height: this.#video.videoHeight, width: this.#video.videoWidth }; }
  // People know themselves from mirrors.
  get facesUser() { return this.#track?.getSettings().facingMode === "user"; }
  get #track() { return this.#stream?.getVideoTracks()[0]; }

  // Throws an Error whose message is the key of a text.
  async start(deviceId) {
    this.stop();
    if (!navigator.mediaDevices?.getUserMedia) throw new Error("insecure");
    const wanted = deviceId ? { deviceId: { exact: deviceId } } : { facingMode: { ideal: "user" } };
    const query = new URLSearchParams(location.search), height = Number(query.get("height")) || 1080;
    const video = { ...wanted, height: { ideal: height }, width: { ideal: Math.round(height * 16 / 9) }, frameRate: { ideal: 30 },
      resizeMode: { ideal: "none" } };
    try {
      this.#stream = await navigator.mediaDevices.getUserMedia({ video, audio: false });
      this.#track.onended = () => { this.stop(); this.onLost(); };
      this.#video.srcObject = this.#stream;
      await this.#video.play();
      this.#devices = (await navigator.mediaDevices.enumerateDevices()).filter(device => device.kind === "videoinput");
    } catch (error) {
      this.stop();
      throw new Error(WRONG[error.name] ?? "absent");
    }
  }

  // Goes on to the next camera.
  async startNext() {
    const used = this.#track?.getSettings().deviceId, place = this.#devices.findIndex(device => device.deviceId === used);
    await this.start(this.#devices[(place + 1) % this.#devices.length].deviceId);
  }

  stop() {
    for (const track of this.#stream?.getTracks() ?? []) { track.onended = null; track.stop(); }
    this.#stream = null;
    this.#video.srcObject = null;
  }

  // Calls back for each new frame until the camera stops.
  run(onFrame) {
    const stream = this.#stream, video = this.#video;
    const next = callback => video.requestVideoFrameCallback ? video.requestVideoFrameCallback(callback) : requestAnimationFrame(callback);
    const step = () => {
      if (this.#stream !== stream) return;
      if (video.videoWidth) onFrame(video);
      next(step);
    };
    next(step);
  }
}
