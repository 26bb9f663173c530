// Frames a second, over the last few.
const KEPT = 30;

export class Meter {
  #times = [];
  count = 0;

  tick(now) {
    this.count++;
    this.#times.push(now);
    if (this.#times.length > KEPT) this.#times.shift();
  }

  restart() { this.#times = []; }

  get rate() {
    const times = this.#times;
    return times.length < 2 ? 0 : 1000 * (times.length - 1) / (times.at(-1) - times[0]);
  }
}
