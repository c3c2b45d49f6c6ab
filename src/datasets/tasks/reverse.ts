import { sequenceOptions, sequenceTask } from './sequences.js';
import { declareTask } from './task.js';

/** Reversing: the token to attend to moves back as the answer grows. */
export const reverse = declareTask({
  name: 'reverse',
  doc: 'a sequence backwards: 31415926=62951413',
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
  make: (settings) =>
    sequenceTask('reverse', settings, {
      ids: (s) => s.map((_, i) => s[s.length - 1 - i] as number),
      text: (s) => [...s].reverse(),
    }),
});
