/** What is asked of a style: strength, colour, where, size of strokes, a second style, and a look over it all. */
import { upload } from "./api.js";
import { choice, range, select, toggle } from "./controls.js";
import { h, say, tell } from "./dom.js";
import { attempt } from "./notes.js";
import { blendable, spokenName, styleNamed, usableStyles } from "./styles.js";

const REGIONS = ["", "subject", "background", "face-soft"];

export class StyleControls {
  /** `onChange` hears of every change; `withMask`: a picture of one's own may say where. */
  constructor(onChange, { withMask = false } = {}) {
    this.onChange = onChange;
    this.style = null;
    this.mask = null;
    this.asked = { strength: 1, keep_color: false, where: "", texture_scale: 1, second: "", share: 0.5, over: "" };
    const change = (name) => (value) => {
      this.asked[name] = value;
      onChange();
    };
    this.strength = range("strength", { min: 0, max: 100, step: 1, value: 100 }, (value) =>
      change("strength")(value / 100),
    );
    this.keepColor = toggle("keep-colour", change("keep_color"), "keep-colour.hint");
    this.where = this.makeWhere(withMask ? [...REGIONS, "mask"] : REGIONS);
    this.texture = range(
      "texture",
      { min: -2, max: 2, step: 0.25, value: 0, spoken: (power) => `× ${Number((2 ** power).toPrecision(2))}` },
      (power) => change("texture_scale")(2 ** power),
    );
    this.second = select("blend", (name) => {
      this.asked.second = name;
      this.showMix();
      onChange();
    });
    this.mix = range("blend.mix", { min: 0, max: 100, step: 1, value: 50 }, (value) => change("share")(value / 100));
    this.over = select("over", change("over"));
    const pair = h("div", { class: "pair" }, this.second.element, this.over.element);
    const single = [this.strength, this.keepColor, this.where, this.texture].map((part) => part.element);
    this.element = h("div", { class: "controls" }, single, this.maskLine, pair, this.mix.element);
    this.where.element.after(this.maskLine);
    document.addEventListener("language", () => this.style && this.fill());
  }

  makeWhere(regions) {
    this.maskInput = h("input", { type: "file", accept: "image/*", hidden: true, tabIndex: -1 });
    this.maskInput.addEventListener("change", () => this.takeMask(this.maskInput.files[0]));
    this.maskInput.addEventListener("cancel", () => this.where.set(this.mask ? "mask" : this.asked.where));
    this.maskName = h("button", { class: "link", type: "button", on: { click: () => this.maskInput.click() } });
    this.maskLine = h("p", { class: "mask-line quiet", hidden: true }, this.maskName, this.maskInput);
    const options = regions.map((value) => ({ value, t: `where.${value || "everywhere"}` }));
    return choice("where", options, (value) => this.chooseWhere(value));
  }

  chooseWhere(value) {
    this.maskLine.hidden = value !== "mask" || !this.mask;
    if (value === "mask" && !this.mask) {
      this.where.set(this.asked.where);
      this.maskInput.click();
      return;
    }
    this.asked.where = value === "mask" ? `mask:${this.mask.id}` : value;
    this.onChange();
  }

  /** Use a grey picture as the mask: white is restyled, black stays. */
  async takeMask(file) {
    this.maskInput.value = "";
    const mask = file && (await attempt(() => upload(file)));
    if (!mask) return;
    this.mask = mask;
    tell(this.maskName, mask.name);
    this.where.set("mask");
    this.chooseWhere("mask");
  }

  use(style) {
    const second = styleNamed(this.asked.second);
    if (!second || !blendable(style, second)) this.asked.second = "";
    if (this.asked.over === style.name) this.asked.over = "";
    this.style = style;
    this.texture.element.hidden = !style.texture;
    if (!style.texture) {
      this.asked.texture_scale = 1;
      this.texture.set(0);
    }
    this.fill();
  }

  fill() {
    const options = (styles) => [
      { value: "", t: "nothing" },
      ...styles.map(({ name }) => ({ value: name, text: spokenName(name) })),
    ];
    const others = usableStyles().filter((other) => blendable(this.style, other));
    const looks = usableStyles().filter((other) => other.family === "look" && other.name !== this.style.name);
    this.second.fill(options(others), this.asked.second);
    this.second.element.hidden = others.length === 0;
    this.over.fill(options(looks), this.asked.over);
    this.over.element.hidden = looks.length === 0;
    this.showMix();
  }

  showMix() {
    this.mix.element.hidden = !this.asked.second;
    if (this.asked.second)
      say(this.mix.element.querySelector("label"), ["blend.share", { name: spokenName(this.asked.second) }]);
  }

  /** Whether it is the style alone, with nothing mixed in and nothing over it. */
  get isPlain() {
    return !this.asked.second && !this.asked.over;
  }

  get spec() {
    const { second, share, over } = this.asked;
    const first = second
      ? `${this.style.name}:${(1 - share).toFixed(2)},${second}:${share.toFixed(2)}`
      : this.style.name;
    return over ? `${first}+${over}` : first;
  }

  /** The options as the server calls them. */
  get options() {
    const { strength, keep_color, where, texture_scale } = this.asked;
    return { style: this.spec, strength, keep_color, where, texture_scale };
  }
}
