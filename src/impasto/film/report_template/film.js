
(() => {
  const table = document.querySelector("table.shots");
  if (!table) return;
  const body = table.tBodies[0];
  const buttons = [...table.querySelectorAll("[data-sort]")];
  document.documentElement.dataset.sorts = "";

  const valueOf = (row, kind) => {
    const value = row.querySelector(`.${kind}`).dataset.value;
    return value === "" ? null : Number(value);
  };

  // What is not known stands last, whichever way; shots that are equal keep the order of the film.
  function sort(kind, falls) {
    const rows = [...body.rows].map((row) => [row, valueOf(row, kind), valueOf(row, "number")]);
    rows.sort(([, a, first], [, b, second]) => {
      if (a === b) return first - second;
      if (a === null || b === null) return a === null ? 1 : -1;
      return falls ? b - a : a - b;
    });
    body.replaceChildren(...rows.map(([row]) => row));
  }

  function choose(button) {
    const head = button.closest("th");
    const now = head.getAttribute("aria-sort");
    const falls = now ? now === "ascending" : button.dataset.falls === "yes";
    for (const each of buttons) each.closest("th").removeAttribute("aria-sort");
    head.setAttribute("aria-sort", falls ? "descending" : "ascending");
    sort(button.dataset.sort, falls);
  }

  for (const button of buttons) button.addEventListener("click", () => choose(button));
  const first = buttons.find((button) => button.dataset.sort === "number");
  first.closest("th").setAttribute("aria-sort", "ascending");
})();
