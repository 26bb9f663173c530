// What the page says, in the languages that it speaks.
const TEXTS = {
  en: {
    useCamera: "Use the camera", openPhoto: "Open a photo", camera: "Camera", stop: "Stop", nextCamera: "Other camera",
    photo: "Photo", save: "Save", install: "Install", compare: "Compare", strength: "Strength", before: "Before", after: "After",
    promise: "Your pictures stay on this device: everything is computed here, and nothing is sent.",
    preview: "Pictures before, above, and after, below", canvas: "The picture in the style",
    divider: "Where the style begins", dividerValue: share => `${share} % before, ${100 - share} % after`,
    loading: "Loading what paints. It is large, and is kept for the next time.",
    starting: "Starting the camera …", painting: "Painting …", saving: "Writing the picture …", saved: name => `Saved as ${name}`,
    fps: (rate, size) => `${rate} frames a second, ${size}`,
    paintFps: (rate, size, side, engine) => `${rate} frames a second, ${size}, painted at ${side} (${engine})`,
    photoSize: size => size,
    denied: "The camera may not be used. Allow it in the browser's settings for this page, or open a photo.",
    absent: "No camera was found. You can open a photo instead.",
    busy: "Another program is using the camera. Close it there, then try again.",
    insecure: "Browsers give the camera only to pages under https, or on localhost. You can open a photo instead.",
    lost: "The camera was unplugged. Plug it in again and press Camera.",
    unreadable: "This browser cannot read that file as a picture. Try a JPEG, PNG or WebP.",
    tooLarge: "The browser has not enough memory for a picture of this size.",
    noWebGL: "This browser has no WebGL 2, which the style needs. Try a current version of Firefox, Chrome, Edge or Safari.",
    failed: reason => `The style cannot be run here: ${reason}`,
  },
  zh: {
    useCamera: "使用摄像头", openPhoto: "打开照片", camera: "摄像头", stop: "停止", nextCamera: "切换摄像头",
    photo: "照片", save: "保存", install: "安装", compare: "对比", strength: "强度", before: "原图", after: "效果",
    promise: "图片不会离开此设备：一切都在本机计算，不会上传任何内容。",
    preview: "上为原图，下为效果", canvas: "应用风格后的画面",
    divider: "风格的分界位置", dividerValue: share => `原图 ${share}%，效果 ${100 - share}%`,
    loading: "正在加载绘画所需的文件。文件较大，下次无需重新加载。",
    starting: "正在打开摄像头……", painting: "正在绘制……", saving: "正在写入图片……", saved: name => `已保存为 ${name}`,
    fps: (rate, size) => `每秒 ${rate} 帧，${size}`,
    paintFps: (rate, size, side, engine) => `每秒 ${rate} 帧，${size}，绘制短边 ${side}（${engine}）`,
    photoSize: size => size,
    denied: "无法使用摄像头。请在浏览器设置中允许本页面使用摄像头，或打开一张照片。",
    absent: "没有找到摄像头。可以改为打开照片。",
    busy: "摄像头正被其他程序使用。请先在那里关闭，然后重试。",
    insecure: "浏览器只允许 https 或 localhost 页面使用摄像头。可以改为打开照片。",
    lost: "摄像头已断开。请重新连接，然后按“摄像头”。",
    unreadable: "此浏览器无法将该文件读作图片。请尝试 JPEG、PNG 或 WebP。",
    tooLarge: "浏览器的内存不足以处理这种尺寸的图片。",
    noWebGL: "此浏览器没有 WebGL 2，而此风格需要它。请使用新版 Firefox、Chrome、Edge 或 Safari。",
    failed: reason => `无法在此运行该风格：${reason}`,
  },
};
const TAGS = { en: "en", zh: "zh-Hans" };
const NAMES = { en: "English", zh: "简体中文" };
const KEPT_UNDER = "impasto-language";

let language = chosen();

function chosen() {
  try {
    const kept = localStorage.getItem(KEPT_UNDER);
    if (kept in TEXTS) return kept;
  } catch { /* Storage may be forbidden; then nothing is kept. */ }
  const wanted = (navigator.languages ?? ["en"]).map(tag => tag.slice(0, 2).toLowerCase());
  return wanted.find(tag => tag in TEXTS) ?? "en";
}

export function text(key, ...values) {
  const found = TEXTS[language][key];
  return typeof found === "function" ? found(...values) : found;
}

export function applyLanguage() {
  document.documentElement.lang = TAGS[language];
  for (const element of document.querySelectorAll("[data-text]")) element.textContent = text(element.dataset.text);
  document.getElementById("preview").alt = text("preview");
  document.getElementById("canvas").setAttribute("aria-label", text("canvas"));
  document.getElementById("divider").setAttribute("aria-label", text("divider"));
  const other = language === "en" ? "zh" : "en", button = document.getElementById("language");
  button.textContent = NAMES[other];
  button.lang = TAGS[other];
  button.hidden = false;
}

export function switchLanguage() {
  language = language === "en" ? "zh" : "en";
  try { localStorage.setItem(KEPT_UNDER, language); } catch { /* as above */ }
  applyLanguage();
}
