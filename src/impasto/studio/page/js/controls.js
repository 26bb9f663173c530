/** The controls of a style: strength, colour, where, size of strokes, and a second style. */
import { h, say } from "./dom.js";

import { blendable, spokenName, usableStyles } from "./styles.js";

let numControls = 0;

/** A labelled range with its value beside it. */
export function range(key, given, onInput) {
  const id = `control-${(numControls += 1)}`;
  const value = h("output", { htmlFor: id });
  const input = h("input", { type: "range", id, min: given.min, max: given.max, step: given.step, value: given.value });
  const spoken = given.spoken ?? ((number) => `${Math.round(number)} %`);
  const show = () => {
    value.textContent = spoken(Number(input.value));
    input.setAttribute("aria-valuetext", value.textContent);
    input.style.setProperty("--share", `${(100 * (input.value - input.min)) / (input.max - input.min)}%`);
  };
  input.addEventListener("input", () => {
    show();
    onInput(Number(input.value));
  });
  const element = h("div", { class: "control range" }, h("label", { htmlFor: id, t: key }), value, input);
  show();
  return {
    element,
    input,
    set: (number) => {
      input.value = number;
      show();
    },
    get value() {
      return Number(input.value);
    },
  };
}

export function toggle(key, onChange, hint = null) {
  const id = `control-${(numControls += 1)}`;
  const input = h("input", { type: "checkbox", id, role: "switch", on: { change: () => onChange(input.checked) } });
  const label = h("label", { htmlFor: id }, h("span", { t: key }), hint && h("small", { t: hint }));
  return { element: h("div", { class: "control toggle" }, label, input), input };
}

export function choice(key, options, onChange, chosen = options[0]?.value) {
  const name = `choice-${(numControls += 1)}`;
  const parts = options.map(({ value, t }) => {
    const input = h("input", {
      type: "radio",
      name,
      value,
      checked: value === chosen,
      on: { change: () => onChange(value) },
    });
    return h("label", { class: "option" }, input, h("span", { t }));
  });
  const element = h(
    "fieldset",
    { class: "control choice" },
    h("legend", { t: key }),
    h("div", { class: "options" }, parts),
  );
  return {
    element,
    set: (value) => {
      for (const input of element.querySelectorAll("input")) input.checked = input.value === value;
    },
  };
}

export function select(key, onChange) {
  const id = `control-${(numControls += 1)}`;
  const input = h("select", { id, on: { change: () => onChange(input.value) } });
  const element = h("div", { class: "control select" }, h("label", { htmlFor: id, t: key }), input);
  const fill = (options, chosen) => {
    input.replaceChildren(
      ...options.map(({ value, text, t }) => h("option", { value, t, selected: value === chosen }, t ? null : text)),
    );
  };
  return { element, input, fill };
}

/** What is asked of a style, as controls; `onChange` hears of every change. */
export class StyleControls {
  constructor(onChange, regions = ["subject", "background", "face-soft"]) {
    this.onChange = onChange;
    this.style = null;
    this.reset();
    const change = (name) => (value) => {
      this.asked[name] = value;
      onChange();
    };
    this.strength = range("strength", { min: 0, max: 100, step: 1, value: 100 }, (value) =>
      change("strength")(value / 100),
    );
    this.keepColor = toggle("keep-colour", change("keep_color"), "keep-colour.hint");
    this.where = choice(
      "where",
      ["", ...regions].map((value) => ({ value, t: `where.${value || "everywhere"}` })),
      change("where"),
    );
    this.texture = range(
      "texture",
      {
        min: -2,
        max: 2,
        step: 0.25,
        value: 0,
        spoken: (power) => `× ${Number((2 ** power).toPrecision(2)).toLocaleString()}`,
      },
      (power) => change("texture_scale")(2 ** power),
    );
    this.second = select("blend", (name) => {
      this.asked.second = name;
      this.showMix();
      onChange();
    });
    this.mix = range("blend.mix", { min: 0, max: 100, step: 1, value: 50 }, (value) => change("share")(value / 100));
    const parts = [this.strength, this.keepColor, this.where, this.texture, this.second, this.mix];
    this.element = h(
      "div",
      { class: "controls" },
      parts.map((part) => part.element),
    );
    document.addEventListener("language", () => this.style && this.fillSecond());
  }

  reset() {
    this.asked = { strength: 1, keep_color: false, where: "", texture_scale: 1, second: "", share: 0.5 };
  }

  use(style) {
    const kept =
      this.style &&
      blendable(style, { name: this.asked.second, ...usableStyles().find((each) => each.name === this.asked.second) });
    if (!kept) this.asked.second = "";
    this.style = style;
    this.texture.element.hidden = !style.texture;
    if (!style.texture) {
      this.asked.texture_scale = 1;
      this.texture.set(0);
    }
    this.fillSecond();
  }

  fillSecond() {
    const others = usableStyles().filter((other) => blendable(this.style, other));
    this.second.fill(
      [{ value: "", t: "blend.none" }, ...others.map(({ name }) => ({ value: name, text: spokenName(name) }))],
      this.asked.second,
    );
    this.second.element.hidden = others.length === 0;
    this.showMix();
  }

  showMix() {
    this.mix.element.hidden = !this.asked.second;
    if (this.asked.second)
      say(this.mix.element.querySelector("label"), ["blend.share", { name: spokenName(this.asked.second) }]);
  }

  get spec() {
    const { second, share } = this.asked;
    if (!second) return this.style.name;
    return `${this.style.name}:${(1 - share).toFixed(2)},${second}:${share.toFixed(2)}`;
  }

  /** The options as the server calls them. */
  get options() {
    const { strength, keep_color, where, texture_scale } = this.asked;
    return { style: this.spec, strength, keep_color, where, texture_scale };
  }
}
