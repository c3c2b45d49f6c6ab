import { sequenceOptions, sequenceTask } from './sequences.js';
import { declareTask } from './task.js';

/** Copying: what attention does at its simplest, and recurrences of fixed width find hard (Graves et al. 2014). */
export const copy = declareTask({
  name: 'copy',
  doc: 'a sequence again: 31415926=31415926',
  options: sequenceOptions,
  preset: {
    layers: 2,
    heads: 4,
    width: 64,
    batch: 64,
    steps: 500,
    lr: 3e-3,
    minLr: 3e-4,
    warmup: 100,
    weightDecay: 0.01,
    betas: [0.9, 0.99],
    evalEvery: 100,
  },
  make: (settings) => sequenceTask('copy', settings, { ids: (s) => [...s], text: (s) => [...s] }),
});
