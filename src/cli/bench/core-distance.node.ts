import { Worker } from 'node:worker_threads';

const turns = 20_000;
const batches = 5;

/**
 * How far apart the cores are that two threads run on: the time a word takes to another thread and back. A virtual machine's
 * cores may lie beside each other at one moment and in different chiplets or sockets at the next, and then all that crosses
 * between them is several times slower: figures of programs with two threads say little without it.
 */
export class CoreDistance {
  readonly #cells = new Int32Array(new SharedArrayBuffer(128));
  readonly #worker: Worker;

  constructor() {
    this.#worker = new Worker(new URL('./core-distance-entry.node.js', import.meta.url), { workerData: { cells: this.#cells, turns } });
    this.#worker.unref();
  }

  /** @returns nanoseconds there and back: the median of some batches, a few milliseconds each */
  measure(): number {
    const times: number[] = [];
    for (let batch = 0; batch < batches; batch++) {
      const cells = this.#cells;
      Atomics.store(cells, word, 0);
      Atomics.store(cells, ready, 0);
      Atomics.store(cells, go, 1);
      Atomics.notify(cells, go);
      while (Atomics.load(cells, ready) === 0);
      const from = performance.now();
      for (let turn = 0; turn < turns; turn++) {
        Atomics.store(cells, word, 2 * turn + 1);
        while (Atomics.load(cells, word) !== 2 * turn + 2);
      }
      times.push(((performance.now() - from) * 1e6) / turns);
    }
    return times.sort((a, b) => a - b)[batches >> 1] as number;
  }

  async stop(): Promise<void> {
    await this.#worker.terminate();
  }
}

/** Cells of the shared memory, each in a cache line of its own where it is written often. */
export const [go, ready, word] = [0, 1, 16] as const;
