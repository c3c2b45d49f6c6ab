import { Worker } from 'node:worker_threads';

const batches = 5;
/** Turns of a batch, and milliseconds after which it ends even so: on a crowded machine a turn may take as many. */
const turns = 20_000;
const limit = 40;

/**
 * How far apart the cores are that two threads run on: the time a word takes to another thread and back. A virtual machine's
 * cores may lie beside each other at one moment and in different chiplets or sockets at the next, and then all that crosses
 * between them is several times slower: figures of programs with two threads say little without it.
 */
export class CoreDistance {
  readonly #cells = new Int32Array(new SharedArrayBuffer(128));
  readonly #worker: Worker;

  constructor() {
    this.#worker = new Worker(new URL('./core-distance-entry.node.js', import.meta.url), { workerData: this.#cells });
    this.#worker.unref();
  }

  /** @returns nanoseconds there and back: the median of some batches, a few milliseconds each */
  measure(): number {
    return Array.from({ length: batches }, () => this.#batch()).sort((a, b) => a - b)[batches >> 1] as number;
  }

  async stop(): Promise<void> {
    await this.#worker.terminate();
  }

  #batch(): number {
    const cells = this.#cells;
    while (Atomics.load(cells, ready) === 1);
    Atomics.store(cells, word, 0);
    Atomics.store(cells, go, 1);
    Atomics.notify(cells, go);
    while (Atomics.load(cells, ready) === 0);
    const from = performance.now();
    let turn = 0;
    for (; turn < turns && (turn % 128 !== 0 || performance.now() - from < limit || turn === 0); turn++) {
      Atomics.store(cells, word, 2 * turn + 1);
      while (Atomics.load(cells, word) !== 2 * turn + 2);
    }
    const nanoseconds = ((performance.now() - from) * 1e6) / turn;
    Atomics.store(cells, word, -1);
    return nanoseconds;
  }
}

/** Cells of the shared memory, the one that is written often in a cache line of its own. The worker answers odd words by the next, −1 by ending. */
export const [go, ready, word] = [0, 1, 16] as const;
