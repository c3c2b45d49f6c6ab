import { workerData } from 'node:worker_threads';
import { go, ready, word } from './core-distance.node.js';

const cells = workerData as Int32Array;

for (;;) {
  Atomics.wait(cells, go, 0);
  Atomics.store(cells, go, 0);
  Atomics.store(cells, ready, 1);
  for (let heard = 0; heard >= 0; heard = Atomics.load(cells, word)) {
    if (heard % 2 === 1) Atomics.store(cells, word, heard + 1);
  }
  Atomics.store(cells, ready, 0);
}
