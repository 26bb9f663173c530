/** A small curve drawn by hand: one or two lines, and their last values in words. */
import { h, shape } from "./dom.js";
import { words, hasWords } from "./language.js";

const WIDTH = 300,
  HEIGHT = 84;

function bounds(series) {
  const values = series.flatMap((points) => points.map(([, value]) => value)).sort((one, other) => one - other);
  const cut = (share) => values[Math.min(values.length - 1, Math.floor(share * values.length))];
  const [low, high] = [Math.min(0, cut(0.01)), cut(0.98)];
  return [low, high > low ? high : low + 1];
}

function path(points, last, [low, high]) {
  return points
    .map(([step, value], at) => {
      const x = (step / Math.max(1, last)) * WIDTH;
      const y = HEIGHT - ((Math.min(high, Math.max(low, value)) - low) / (high - low)) * HEIGHT;
      return `${at ? "L" : "M"}${x.toFixed(1)} ${y.toFixed(1)}`;
    })
    .join("");
}

/** Draw curves of one kind; `curves` maps names to [[step, value], …]. */
export function chart(title, curves) {
  const named = Object.entries(curves).filter(([, points]) => points.length > 1);
  const last = Math.max(0, ...named.map(([, points]) => points.at(-1)[0]));
  const range = named.length ? bounds(named.map(([, points]) => points)) : [0, 1];
  const lines = named.map(([, points], at) =>
    shape("path", { d: path(points, last, range), class: `line line-${at}` }),
  );
  const drawing = shape(
    "svg",
    { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: "none", "aria-hidden": "true" },
    ...lines,
  );
  const legend = named.map(([name, points], at) =>
    h("span", { class: `legend legend-${at}` }, `${spoken(name)} `, h("b", {}, points.at(-1)[1].toPrecision(3))),
  );
  return h(
    "figure",
    { class: "chart" },
    h("figcaption", {}, h("span", { t: title }), h("span", { class: "legends" }, legend)),
    drawing,
  );
}

const spoken = (name) =>
  hasWords(`curve.${name}`) ? words(`curve.${name}`) : name.split("/").pop().replaceAll("_", " ");

/** Sort a run's curves into charts: losses, how often the discriminator is right, distance. */
export function chartsOf(curves) {
  const pick = (test) =>
    Object.fromEntries(
      Object.entries(curves)
        .filter(([name]) => test.test(name))
        .slice(0, 3),
    );
  const groups = {
    "chart.losses": pick(/^((generator|discriminator)\/loss)/),
    "chart.right": pick(/accuracy_on/),
    "chart.distance": pick(/^validation\//),
  };
  return Object.entries(groups)
    .filter(([, found]) => Object.values(found).some((points) => points.length > 1))
    .map(([title, found]) => chart(title, found));
}
