// Keeps the page for use without a network, and installs it where the browser offers that.
const PATIENCE_MS = 8000;

// Resolves once what the page loads from here on is kept, or once that cannot be.
export async function keepPage() {
  const workers = navigator.serviceWorker;
  if (!workers) return;
  try {
    await workers.register("./sw.js");
    if (workers.controller) return;
    const controlled = new Promise(resolve => workers.addEventListener("controllerchange", resolve, { once: true }));
    await Promise.race([controlled, new Promise(resolve => setTimeout(resolve, PATIENCE_MS))]);
  } catch { /* The page works all the same, with a network. */ }
}

export function offerInstalling(button) {
  let offer = null;
  addEventListener("beforeinstallprompt", event => { event.preventDefault(); offer = event; button.hidden = false; });
  addEventListener("appinstalled", () => { button.hidden = true; });
  button.addEventListener("click", () => { offer?.prompt(); button.hidden = true; });
}
