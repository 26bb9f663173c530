// A worker that is asked and answers.
export class Asking {
  #worker;
  #waiting = new Map();
  #count = 0;

  constructor(script, style) {
    this.#worker = new Worker(new URL(script, import.meta.url), { type: "module" });
    this.ready = new Promise((resolve, reject) => {
      this.#worker.onerror = event => reject(new Error(event.message || "a part of the page could not be loaded"));
      this.#worker.onmessage = ({ data }) => {
        if (data.id !== undefined) this.#settle(data);
        else if (data.failed) reject(new Error(data.failed));
        else resolve(data);
      };
    });
    this.#worker.postMessage({ style });
  }

  ask(message, handedOver) {
    const id = this.#count++;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.#worker.postMessage({ id, ...message }, handedOver);
    });
  }

  #settle(answer) {
    const { resolve, reject } = this.#waiting.get(answer.id);
    this.#waiting.delete(answer.id);
    if (answer.failed) reject(new Error(answer.failed));
    else resolve(answer);
  }
}
