import { cpus } from 'node:os';

/**
 * What others take of the machine's processors while we measure: times taken beside other work are not to be trusted,
 * and a ratio least of all, for the two sides suffer differently (OpenMP's threads spin while they wait for one another).
 */
export class LoadMeter {
  readonly #own: () => number;
  readonly #begun: { readonly total: number; readonly busy: number; readonly own: number };

  /** @param children processor time of processes of ours, in ms */
  constructor(children: () => number) {
    this.#own = () => {
      const { user, system } = process.cpuUsage();
      return (user + system) / 1000 + children();
    };
    this.#begun = { ...processorTimes(), own: this.#own() };
  }

  /** The share of all processors' time that others took since the beginning, in [0, 1]. */
  others(): number {
    const { total, busy } = processorTimes();
    const passed = total - this.#begun.total;
    const others = busy - this.#begun.busy - (this.#own() - this.#begun.own);
    return passed > 0 ? Math.min(1, Math.max(0, others / passed)) : 0;
  }
}

/** Milliseconds of all processors together since the machine began. */
function processorTimes(): { total: number; busy: number } {
  let [total, idle] = [0, 0];
  for (const { times } of cpus()) {
    total += times.user + times.nice + times.sys + times.idle + times.irq;
    idle += times.idle;
  }
  return { total, busy: total - idle };
}
