import { sequenceOptions, sequenceTask } from './sequences.js';
import { declareTask } from './task.js';

/** Sorting with repeats: each token of the answer is the least that the answer does not have yet, as often as it occurs. */
export const sort = declareTask({
  name: 'sort',
  doc: 'the symbols of a sequence in order: 31415926=11234569',
  options: sequenceOptions,
  preset: {
    layers: 2,
    heads: 4,
    width: 64,
    batch: 64,
    steps: 2000,
    lr: 3e-3,
    minLr: 3e-4,
    warmup: 100,
    weightDecay: 0.01,
    betas: [0.9, 0.99],
    evalEvery: 250,
  },
  make: (settings) => sequenceTask('sort', settings, { ids: (s) => countingSort(s, settings.symbols), text: (s) => [...s].sort() }),
});

/** How often each symbol occurs says the order. */
function countingSort(sequence: readonly number[], symbols: number): number[] {
  const counts = new Array<number>(symbols).fill(0);
  for (const symbol of sequence) counts[symbol] = (counts[symbol] as number) + 1;
  return counts.flatMap((count, symbol) => new Array<number>(count).fill(symbol));
}
