// How large to paint so that frames come often enough: the time that one takes goes with its area.
const STEP = 16, MIN_SIDE = 128;
const FALLING = 0.9, RISING = 0.7, FRAMES_TO_TRUST = 4;

export class Pace {
  #times = [];

  constructor(largest, budget) {
    this.largest = Math.max(largest - largest % STEP, STEP);
    this.smallest = Math.min(MIN_SIDE, this.largest);
    this.budget = budget;
    this.side = Math.min(Math.max(2 * MIN_SIDE, this.smallest), this.largest);
  }

  // Notes what one frame took; the short side for the next one is `side`.
  note(milliseconds) {
    this.#times.push(milliseconds);
    if (this.#times.length < FRAMES_TO_TRUST) return;
    const usual = this.#times.slice().sort((a, b) => a - b)[Math.floor(FRAMES_TO_TRUST / 2)];
    this.#times.shift();
    const fitting = share => this.side * Math.sqrt(share * this.budget / usual);
    let side = this.side;
    if (usual > this.budget) side = Math.min(fitting(FALLING), side - STEP);
    else if (fitting(RISING) >= side + STEP) side = Math.min(fitting(RISING), side * 1.5);
    side = Math.min(Math.max(side - side % STEP, this.smallest), this.largest);
    if (side !== this.side) this.#times = [];
    this.side = side;
  }
}

// The size at which a picture is painted, as impasto.apply.working_picture has it.
const MARGIN = 8, MAX_ENLARGEMENT = 2;

export function workingSize({ height, width }, side, multiple) {
  const scale = Math.min(side / Math.min(height, width), MAX_ENLARGEMENT);
  const small = [height, width].map(length => Math.max(1, Math.round(length * scale)));
  const [tall, wide] = small.map(length => Math.ceil((length + 2 * MARGIN) / multiple) * multiple);
  return { height: small[0], width: small[1], margin: MARGIN, padded: { height: tall, width: wide } };
}
