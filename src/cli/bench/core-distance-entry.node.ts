import { workerData } from 'node:worker_threads';
import { go, ready, word } from './core-distance.node.js';

const { cells, turns } = workerData as { readonly cells: Int32Array; readonly turns: number };

for (;;) {
  Atomics.wait(cells, go, 0);
  Atomics.store(cells, go, 0);
  Atomics.store(cells, ready, 1);
  for (let turn = 0; turn < turns; turn++) {
    while (Atomics.load(cells, word) !== 2 * turn + 1);
    Atomics.store(cells, word, 2 * turn + 2);
  }
}
