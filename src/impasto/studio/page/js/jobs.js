/** The drawer of jobs: what is under way, what is done, and what can be done about it. */
import { getJson, listen, send } from "./api.js";
import { h, icon, say } from "./dom.js";
import { formatBytes, formatSeconds, words } from "./language.js";
import { announce, attempt, confirmed } from "./notes.js";
import { spokenText } from "./said.js";
import { loadStyles, nameOf, spokenName } from "./styles.js";

const jobs = new Map();
const rows = new Map();
const listeners = new Set();
let drawer = null,
  list = null,
  button = null,
  badge = null;

export const allJobs = () => [...jobs.values()].sort((one, other) => other.created.localeCompare(one.created));
export const onJobs = (listener) => listeners.add(listener);
export const isActive = (job) => job.status === "queued" || job.status === "running";

export function jobsButton() {
  badge = h("span", { class: "badge", hidden: true });
  button = h(
    "button",
    { class: "tool", label: ["jobs.active", { n: 0 }], "aria-haspopup": "dialog", on: { click: showJobs } },
    icon("jobs"),
    badge,
  );
  return button;
}

export function makeJobs() {
  list = h("ul", { class: "jobs" });
  const close = h("button", { class: "plain", label: "close", on: { click: () => drawer.close() } }, icon("close"));
  drawer = h(
    "dialog",
    { class: "drawer", label: "jobs", on: { click: (event) => event.target === drawer && drawer.close() } },
    h("div", { class: "drawer-body" }, h("div", { class: "row between" }, h("h2", { t: "jobs" }), close), list),
  );
  document.body.append(drawer);
  document.addEventListener("language", () => {
    rows.clear();
    show();
  });
  listen("/events", hear);
}

export function showJobs() {
  if (!drawer.open) drawer.showModal();
}

function hear(message) {
  if (message.type === "hello") load();
  else if (message.type === "job") take(message.job);
  else if (message.type === "removed") {
    jobs.delete(message.id);
    show();
  } else if (message.type === "styles") attempt(loadStyles);
}

async function load() {
  const found = await attempt(() => getJson("/jobs?limit=50"));
  if (!found) return;
  jobs.clear();
  for (const job of found.jobs) jobs.set(job.id, job);
  show();
}

function take(job) {
  const before = jobs.get(job.id);
  jobs.set(job.id, job);
  if (before && isActive(before) && !isActive(job)) announce(`announce.${job.status}`, { title: titleOf(job) });
  show();
}

/** What a job that learns calls its style. */
export function styleName({ request, title }) {
  return !title || title === request.name ? spokenName(request.name) : title;
}

export function titleOf(job) {
  const { kind, request, title } = job;
  if (kind === "learn") return words("job.learn", { name: styleName(job) });
  const style = nameOf(request.style ?? ""),
    given = `${request.style} · `;
  if (title && !title.startsWith(given)) return title;
  if (kind === "apply" && request.uploads?.length > 1) return words("job.apply", { n: request.uploads.length, style });
  return title ? `${style} · ${title.slice(given.length)}` : style;
}

function show() {
  const all = allJobs(),
    active = all.filter(isActive).length;
  badge.hidden = active === 0;
  badge.textContent = String(active);
  say(button, ["jobs.active", { n: active }], "label");
  const focused = list.contains(document.activeElement) ? document.activeElement.dataset.action : null;
  const shown = all.length ? all.map(rowOf) : [h("li", { class: "empty quiet", t: "jobs.none" })];
  list.replaceChildren(...shown);
  if (focused) list.querySelector(`[data-action="${focused}"]`)?.focus();
  for (const listener of listeners) listener();
}

/** The row of a job; one that shows the same job already is kept, with its pictures and its focus. */
function rowOf(job) {
  if (rows.get(job.id)?.job !== job) rows.set(job.id, { job, element: row(job) });
  return rows.get(job.id).element;
}

export function stateOf(job) {
  if (job.status === "queued" && job.position > 1) return words("job.position", { n: job.position });
  if (job.status === "running" && job.seconds_left) return words("job.left", { time: formatSeconds(job.seconds_left) });
  if (job.status === "failed") return job.error ? spokenText(job.error) : words("status.failed");
  const missing = job.kind === "apply" && job.status === "done" ? job.request.uploads.length - job.results.length : 0;
  return missing > 0 ? words("status.partly", { n: missing }) : words(`status.${job.status}`);
}

export function bar(progress, key = "progress") {
  const element = h("progress", { max: 1, label: key });
  if (progress !== null && progress !== undefined) element.value = progress;
  return element;
}

function row(job) {
  const action = (key, task) =>
    h("button", {
      class: "small",
      t: key,
      data: { action: `${key}-${job.id}` },
      on: { click: (event) => attempt(task, event.target) },
    });
  const does = (verb) => () => send("POST", `/jobs/${job.id}/${verb}`).then(take);
  const files =
    job.zip_url && job.results.length > 1
      ? [h("a", { class: "button small strong", href: job.zip_url, download: "", t: "job.zip" })]
      : job.results
          .filter((file) => job.kind !== "learn" && !file.media_type.startsWith("text/"))
          .slice(0, 2)
          .map((file) =>
            h("a", {
              class: "button small strong",
              href: file.url,
              download: "",
              t: ["job.file", { size: formatBytes(file.bytes) }],
            }),
          );
  const buttons = [
    ...files,
    job.kind !== "apply" &&
      h("a", {
        class: "button small",
        href: `#/${job.kind}/${job.id}`,
        t: "job.watch",
        data: { action: `watch-${job.id}` },
        on: { click: () => drawer.close() },
      }),
    job.can_cancel && action("cancel", does("cancel")),
    job.can_retry && action("job.retry", does("retry")),
    !isActive(job) &&
      action("delete", async () => {
        if (await confirmed("job.delete", { title: titleOf(job) }, "delete")) {
          await send("DELETE", `/jobs/${job.id}`);
          jobs.delete(job.id);
          show();
        }
      }),
  ];
  const pictures = job.results
    .filter((file) => file.preview_url || file.media_type.startsWith("image/"))
    .slice(0, 4)
    .map((file) => h("img", { src: file.preview_url ?? `${file.url}?inline=1`, alt: file.name, loading: "lazy" }));
  return h(
    "li",
    { class: `job ${job.status}` },
    h("h3", {}, titleOf(job)),
    h("p", { class: "quiet" }, stateOf(job)),
    isActive(job) && bar(job.progress),
    pictures.length > 0 && job.kind === "apply" && h("div", { class: "job-pictures" }, pictures),
    h("div", { class: "row" }, buttons),
  );
}

/** Follow one job closely, also when it is tried again; returns a function that stops following. */
export function follow(id, onJob) {
  let last = null;
  const begin = () =>
    listen(`/jobs/${id}/events`, (message) => {
      if (message.type !== "job") return;
      last = message.job;
      onJob(last);
    });
  let end = begin();
  const hear = () => {
    const job = jobs.get(id);
    if (!last || isActive(last) || !job || (job.status === last.status && job.finished === last.finished)) return;
    last = null;
    end();
    end = begin();
  };
  listeners.add(hear);
  return () => {
    listeners.delete(hear);
    end();
  };
}

/** Links to jobs that have a room of their own. */
export function runLinks(found) {
  return found
    .slice(0, 8)
    .map((job) =>
      h(
        "li",
        {},
        h(
          "a",
          { href: `#/${job.kind}/${job.id}` },
          h("b", {}, titleOf(job)),
          h("span", { class: "quiet" }, stateOf(job)),
          isActive(job) && bar(job.progress),
        ),
      ),
    );
}
