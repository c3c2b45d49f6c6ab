import { fail, HeadlightError } from '../core/index.js';
import type { RunPoint } from './options.js';
import type { Growth } from './watch/growth.js';
import { type Spike, SpikeDetector } from './watch/spike-detector.js';

export interface GuardOptions {
  /** When a loss or gradient is not finite. `stop` by default; `rollback` goes on from the last good point with other batches. */
  readonly onFault?: 'stop' | 'rollback';
  /** When the loss leaps. `report` by default. */
  readonly onSpike?: 'report' | 'stop' | 'rollback';
  /** How often in a row it rolls back to the same point before it stops after all; 3 by default. */
  readonly rollbacks?: number;
}

/** What happened and what was done. */
export interface Recovery {
  readonly kind: 'fault' | 'spike';
  readonly action: 'report' | 'rollback';
  /** The step at which it showed. */
  readonly step: number;
  /** The step that training goes on from. */
  readonly from: number;
  /** One sentence: the value, and the site that broke first where one is known. */
  readonly reason: string;
  /** Of a spike: the loss and what it was before; and the site that grew first, where one did. */
  readonly spike?: Spike;
  readonly site?: string;
}

/** Watches the losses of a run, remembers its last good point, and decides what a fault or a spike leads to. */
export class Guard {
  readonly #options: Required<GuardOptions>;
  readonly #spikes = new SpikeDetector();
  #good: RunPoint | undefined;
  #tries = 0;
  /** The last step whose loss was a spike. */
  #spiked: number | undefined;

  /** @param losses of the steps before, where a run goes on */
  constructor(options: GuardOptions = {}, losses: readonly number[] = []) {
    this.#options = { onFault: 'stop', onSpike: 'report', rollbacks: 3, ...options };
    const { rollbacks } = this.#options;
    if (!(Number.isInteger(rollbacks) && rollbacks >= 0))
      throw fail('value', { where: 'train', rule: 'guard.rollbacks is a whole number from 0', got: String(rollbacks) });
    this.#spikes.restore(losses.filter(Number.isFinite));
  }

  /** Whether points must be remembered: they hold a copy of the run's numbers. */
  get needsPoints(): boolean {
    return this.#options.onFault === 'rollback' || this.#options.onSpike !== 'report';
  }

  get good(): RunPoint | undefined {
    return this.#good;
  }

  remember(point: RunPoint): void {
    if (point.step !== this.#good?.step) this.#tries = 0;
    this.#good = point;
  }

  /** @returns the spike that this loss is, if it is one; of a loss that stays high, only the first step's */
  push(step: number, loss: number): Spike | undefined {
    const spike = this.#spikes.push(loss);
    if (spike === undefined) return undefined;
    const isFirst = this.#spiked !== step - 1;
    this.#spiked = step;
    return isFirst || this.stopsAtSpikes ? spike : undefined;
  }

  get stopsAtSpikes(): boolean {
    return this.#options.onSpike !== 'report';
  }

  /**
   * Where to go on from after a fault.
   * @throws the error itself, where training is to stop
   */
  recover(error: unknown): RunPoint {
    if (!(error instanceof HeadlightError) || error.code !== 'numeric') throw error;
    const action = error instanceof SpikeError ? this.#options.onSpike : this.#options.onFault;
    if (action !== 'rollback' || this.#good === undefined) throw error;
    if (++this.#tries > this.#options.rollbacks) {
      throw fail('numeric', {
        where: 'train',
        rule: `a run that recovers within ${this.#options.rollbacks} rollbacks to step ${this.#good.step}`,
        got: error.message.replace(/\.$/, ''),
        ...(!error.message.includes('learning rate') && { fix: 'Lower the learning rate' }),
        cause: error,
      });
    }
    this.#spikes.restore(this.#good.losses.filter(Number.isFinite));
    return this.#good;
  }
}

/** A leap of the loss. */
export class SpikeError extends HeadlightError {
  /** @param growth what grew first, where it is known */
  constructor(
    step: number,
    readonly spike: Spike,
    readonly growth: Growth | undefined,
  ) {
    const { loss, mean, deviation } = spike;
    super('numeric', {
      where: `training step ${step}`,
      rule: `a loss near the last ones' ${mean.toFixed(4)} ± ${deviation.toFixed(4)}`,
      got: `${loss.toFixed(4)}${growth === undefined ? '' : `; ${growth.message}`}`,
      fix: 'Lower the learning rate, or let it roll back',
    });
  }
}

/** What happened, for who watches. */
export function recoveryOf(error: Error, what: Pick<Recovery, 'action' | 'step' | 'from'>): Recovery {
  if (!(error instanceof SpikeError)) return { kind: 'fault', ...what, reason: error.message };
  const { spike, growth, message } = error;
  return { kind: 'spike', ...what, reason: message, spike, ...(growth && { site: growth.site }) };
}
