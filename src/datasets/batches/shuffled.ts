import { below, randomKey } from '../../core/index.js';
import { permutation } from './permutation.js';

/**
 * Row numbers 0, 1, 2, … as epochs: each epoch takes all of `size` items once, in its own order.
 *
 * @returns row ↦ the epoch it belongs to, and the item it takes
 */
export function shuffledItems(size: number, seed: number): (row: number) => { readonly epoch: number; readonly item: number } {
  let known = -1;
  let order = (_: number): number => 0;
  return (row) => {
    const epoch = Math.floor(row / size);
    if (epoch !== known) order = permutation(size, randomKey(seed, 'order', epoch));
    known = epoch;
    return { epoch, item: order(row - epoch * size) };
  };
}

/**
 * Windows of T tokens side by side, each once an epoch, in an order of the epoch's own. An epoch's first window begins at
 * a random one of the first places, so that windows are cut elsewhere each time. Some tokens at the two ends, fewer than
 * 2·T together, are left to other epochs.
 *
 * @param length n, tokens there are: at least T + 1
 * @returns row ↦ where its window begins
 */
export function shuffledWindows(length: number, context: number, seed: number): (row: number) => number {
  const windows = windowsPerEpoch(length, context);
  const lastOffset = Math.min(context - 1, length - 1 - windows * context);
  const items = shuffledItems(windows, seed);
  return (row) => {
    const { epoch, item } = items(row);
    return below(randomKey(seed, 'offset', epoch), 0, lastOffset + 1) + item * context;
  };
}

/** As many windows as there are room for behind any offset below T; the same in every epoch, so that rows number them all. */
export function windowsPerEpoch(length: number, context: number): number {
  return Math.max(1, Math.floor((length - context) / context));
}
