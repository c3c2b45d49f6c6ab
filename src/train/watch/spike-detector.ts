import { fail } from '../../core/index.js';

export interface SpikeRule {
  /** Losses that a new one is compared with: this many last ones. */
  readonly window?: number;
  /** A spike lies above their mean by more than this many standard deviations, */
  readonly sigmas?: number;
  /** and above this many times their mean, */
  readonly factor?: number;
  /** and above their mean by more than this many nats: the jumps of a loss that is all but 0 mean nothing. */
  readonly least?: number;
}

/** A loss far above what it was; `mean` and `deviation` are of the losses before it. */
export interface Spike {
  readonly loss: number;
  readonly mean: number;
  readonly deviation: number;
}

/** With fewer losses than this (or than the window) to compare with, nothing is said. */
const fewest = 50;

/**
 * Notices when a run's loss leaps. A loss is a spike when all three hold of the last `window` losses (m their mean,
 * s their standard deviation): loss > m + sigmas · s, loss > factor · m, loss > m + least. A loss that is not finite is
 * always one. Spikes are not remembered: where the loss stays high, every step is one, until `reset`.
 *
 * @throws value: a window below 2, or another number of the rule below 0
 * @example
 * const detector = new SpikeDetector();
 * const spike = detector.push(report.loss);
 * if (spike !== undefined) console.log(`${spike.loss} after a mean of ${spike.mean}`);
 */
export class SpikeDetector {
  readonly #rule: Required<SpikeRule>;
  #losses: number[] = [];

  constructor({ window = 100, sigmas = 6, factor = 1.5, least = 0.1 }: SpikeRule = {}) {
    const check = (ok: boolean, rule: string, got: number): void => {
      if (!ok) throw fail('value', { where: 'SpikeDetector', rule, got: String(got) });
    };
    check(Number.isInteger(window) && window >= 2, 'window is a whole number from 2', window);
    for (const [name, value] of Object.entries({ sigmas, factor, least })) check(value >= 0, `${name} is at least 0`, value);
    this.#rule = { window, sigmas, factor, least };
  }

  /** Takes the next step's loss. @returns what is wrong with it, or undefined */
  push(loss: number): Spike | undefined {
    const { window, sigmas, factor, least } = this.#rule;
    const { mean, deviation } = spread(this.#losses);
    const known = this.#losses.length >= Math.min(fewest, window);
    const high = known && loss > mean + sigmas * deviation && loss > factor * mean && loss > mean + least;
    if (high || !Number.isFinite(loss)) return { loss, mean, deviation };
    this.#losses.push(loss);
    if (this.#losses.length > window) this.#losses.shift();
    return undefined;
  }

  /** The losses remembered, oldest first: all that a resumed run needs to judge as this one would. */
  state(): number[] {
    return [...this.#losses];
  }

  /** Goes on from a `state`. @throws value: a number in it is not finite */
  restore(losses: readonly number[]): void {
    const bad = losses.find((loss) => !Number.isFinite(loss));
    if (bad !== undefined) throw fail('value', { where: 'SpikeDetector', rule: 'a state of finite losses', got: String(bad) });
    this.#losses = losses.slice(-this.#rule.window);
  }

  /** Forgets every loss, as after a change of data or learning rate. */
  reset(): void {
    this.#losses = [];
  }
}

/** Mean and standard deviation; NaN of nothing. */
function spread(values: readonly number[]): { mean: number; deviation: number } {
  const mean = values.reduce((sum, x) => sum + x, 0) / values.length;
  return { mean, deviation: Math.sqrt(values.reduce((sum, x) => sum + (x - mean) ** 2, 0) / values.length) };
}
