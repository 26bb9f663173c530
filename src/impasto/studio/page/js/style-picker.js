/** A row of styles of which one is chosen: one stop for Tab, arrows within it. */
import { h } from "./dom.js";
import { onStyles, previewCell, spokenName, usableStyles } from "./styles.js";

let numPickers = 0;

export class StylePicker {
  constructor(onChange) {
    this.name = `style-picker-${(numPickers += 1)}`;
    this.onChange = onChange;
    this.chosen = null;
    this.row = h("div", { class: "filmstrip" });
    this.element = h("fieldset", { class: "style-picker" }, h("legend", { class: "unseen", t: "styles" }), this.row);
    onStyles(() => this.show());
    document.addEventListener("language", () => this.show());
  }

  show() {
    const styles = usableStyles();
    if (!styles.some((style) => style.name === this.chosen)) this.chosen = styles[0]?.name ?? null;
    this.row.replaceChildren(
      ...styles.map((style) => {
        const input = h("input", {
          type: "radio",
          name: this.name,
          value: style.name,
          checked: style.name === this.chosen,
        });
        input.addEventListener("change", () => {
          this.chosen = style.name;
          this.onChange(style);
        });
        return h("label", {}, input, previewCell(style), h("span", { class: "caption" }, spokenName(style.name)));
      }),
    );
  }

  get style() {
    return usableStyles().find((style) => style.name === this.chosen);
  }
}
