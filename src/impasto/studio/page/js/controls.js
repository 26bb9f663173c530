/** Labelled controls: a range, a switch, a choice of few, a choice of many. */
import { h } from "./dom.js";

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
  document.addEventListener("language", show);
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
