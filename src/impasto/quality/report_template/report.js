
"use strict";
(() => {
  const root = document.documentElement;
  const pictures = [...document.querySelectorAll(".picture")];
  const dialog = document.querySelector("dialog");
  const dividerOf = (picture) => picture.querySelector(".divider");
  const calm = matchMedia("(prefers-reduced-motion: reduce)");

  function move(frame, percent) {
    const at = Math.min(100, Math.max(0, percent));
    const divider = frame.querySelector(".divider");
    const before = Math.round(at);
    frame.style.setProperty("--at", at);
    frame.classList.toggle("shows-before", at > 15);
    frame.classList.toggle("shows-after", at < 85);
    divider.setAttribute("aria-valuenow", String(before));
    divider.setAttribute("aria-valuetext", `${before} % before, ${100 - before} % after`);
  }

  const place = (frame) => Number(frame.querySelector(".divider").getAttribute("aria-valuenow"));

  function follow(frame, event) {
    const box = frame.getBoundingClientRect();
    move(frame, (100 * (event.clientX - box.left)) / box.width);
  }

  function slideByPointer(frame) {
    let dragged = false;
    frame.addEventListener("pointerdown", (event) => {
      if (event.button !== 0 || event.target.closest("button")) return;
      dragged = true;
      frame.setPointerCapture(event.pointerId);
      if (event.pointerType === "mouse") follow(frame, event);
      dividerOf(frame).focus({ preventScroll: true });
      event.preventDefault();
    });
    frame.addEventListener("pointermove", (event) => dragged && follow(frame, event));
    frame.addEventListener("pointerup", (event) => {
      if (dragged) follow(frame, event);
      dragged = false;
    });
    // A finger that turned out to scroll the page has not moved the divider.
    frame.addEventListener("pointercancel", () => { dragged = false; });
  }

  function slideByKey(frame, event) {
    const step = event.shiftKey ? 10 : 2;
    const at = place(frame);
    const places = {
      ArrowLeft: at - step, ArrowDown: at - step, ArrowRight: at + step, ArrowUp: at + step,
      PageDown: at - 10, PageUp: at + 10, Home: 0, End: 100, " ": at >= 50 && at < 100 ? 100 : 0,
    };
    if (at === 0 && event.key === " ") places[" "] = 100;
    if (!(event.key in places) || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    move(frame, places[event.key]);
  }

  function toggleMap(picture) {
    const map = picture.querySelector(".map");
    const button = picture.querySelector("[data-map]");
    if (!map || !button) return;
    map.hidden = !map.hidden;
    button.setAttribute("aria-pressed", String(!map.hidden));
  }

  let home = null;
  function enlarge(picture) {
    close();
    home = document.createComment("");
    picture.replaceWith(home);
    dialog.append(picture);
    if (!dialog.open) dialog.showModal();
    focusOn(picture);
  }
  function close() {
    const picture = dialog.querySelector(".picture");
    if (!picture || !home) return;
    home.replaceWith(picture);
    home = null;
  }
  dialog.addEventListener("close", () => {
    const picture = dialog.querySelector(".picture");
    close();
    layOutAll();
    if (picture) show(picture);
  });
  dialog.querySelector("[data-close]").addEventListener("click", () => dialog.close());

  function focusOn(picture) {
    const target = dividerOf(picture) || picture.querySelector("button");
    if (target) target.focus({ preventScroll: true });
  }
  function show(picture) {
    const folded = picture.closest("details.rest");
    if (folded) folded.open = true;
    focusOn(picture);
    const tall = picture.offsetHeight > innerHeight;
    picture.scrollIntoView({ block: tall ? "start" : "center", behavior: calm.matches ? "auto" : "smooth" });
  }

  function current() {
    const focused = document.activeElement.closest(".picture");
    if (focused) return pictures.indexOf(focused);
    return pictures.findIndex((picture) => picture.getBoundingClientRect().bottom > innerHeight / 2) - 0.5;
  }
  function step(by) {
    const index = by > 0 ? Math.floor(current()) + 1 : Math.ceil(current()) - 1;
    const picture = pictures[index];
    if (!picture) return;
    if (dialog.open) enlarge(picture);
    else show(picture);
  }

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const picture = document.activeElement.closest(".picture");
    const actions = {
      j: () => step(1),
      k: () => step(-1),
      m: () => picture && toggleMap(picture),
      f: () => (dialog.open ? dialog.close() : picture && enlarge(picture)),
    };
    const action = actions[event.key.toLowerCase()];
    if (action) action();
  });

  // Rows of equal height that fill the width: breaks are chosen so that no row is much higher than another.
  const ratioOf = (picture) => Math.min(3, Math.max(0.45, Number(picture.dataset.ratio)));
  function breakRows(ratios, width, gap, height) {
    const best = [{ cost: 0, start: 0 }];
    for (let end = 1; end <= ratios.length; end += 1) {
      let sum = 0;
      best[end] = { cost: Infinity, start: end - 1 };
      for (let start = end - 1; start >= 0; start -= 1) {
        sum += ratios[start];
        const space = width - gap * (end - start - 1);
        const cost = best[start].cost + Math.log(space / sum / height) ** 2;
        if (space > 0 && cost < best[end].cost) best[end] = { cost, start };
      }
    }
    const starts = [];
    for (let end = ratios.length; end > 0; end = best[end].start) starts.unshift(best[end].start);
    return starts;
  }
  function layOut(wall) {
    if (home) return;
    const tiles = [...wall.querySelectorAll(".picture")];
    const style = getComputedStyle(wall);
    const height = parseFloat(style.getPropertyValue("--row")) * parseFloat(getComputedStyle(root).fontSize);
    const gap = parseFloat(style.columnGap);
    const ratios = tiles.map(ratioOf);
    const starts = breakRows(ratios, document.querySelector("#pictures").clientWidth, gap, height);
    const focused = document.activeElement;
    const rows = starts.map((start, index) => {
      const row = document.createElement("div");
      const end = starts[index + 1] ?? tiles.length;
      row.className = "row";
      row.style.setProperty("--sum", ratios.slice(start, end).reduce((a, b) => a + b, 0));
      row.append(...tiles.slice(start, end));
      return row;
    });
    wall.replaceChildren(...rows);
    if (wall.contains(focused)) focused.focus({ preventScroll: true });
  }

  for (const picture of pictures) {
    picture.style.setProperty("--ratio", ratioOf(picture));
    picture.querySelector("[data-map]")?.addEventListener("click", () => toggleMap(picture));
    picture.querySelector("[data-enlarge]").addEventListener("click", () => enlarge(picture));
    if (!dividerOf(picture)) continue;
    const frame = picture.querySelector(".frame");
    move(frame, 50);
    slideByPointer(frame);
    dividerOf(picture).addEventListener("keydown", (event) => slideByKey(frame, event));
  }

  // A phone shows pictures; their numbers wait to be asked for.
  if (matchMedia("(max-width: 44rem)").matches) {
    for (const numbers of document.querySelectorAll(".numbers")) numbers.open = false;
  }

  const walls = [...document.querySelectorAll(".wall")];
  const layOutAll = () => walls.forEach(layOut);
  let widthThen = innerWidth;
  layOutAll();
  addEventListener("resize", () => {
    if (innerWidth === widthThen) return;
    widthThen = innerWidth;
    layOutAll();
  });

  const theme = document.querySelector("[data-theme-toggle]");
  const system = matchMedia("(prefers-color-scheme: dark)");
  const isDark = () => (root.dataset.theme ? root.dataset.theme === "dark" : system.matches);
  const label = () => theme.setAttribute("aria-pressed", String(isDark()));
  theme.hidden = false;
  theme.addEventListener("click", () => {
    root.dataset.theme = isDark() ? "light" : "dark";
    label();
  });
  system.addEventListener("change", label);
  label();

  addEventListener("beforeprint", () => {
    for (const folded of document.querySelectorAll("details.rest")) folded.open = true;
  });
})();
