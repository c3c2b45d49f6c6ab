import { concrete, randomBits, randomKey, type Shape, sizeOf } from '../../core/index.js';
import { defineOp } from '../declare.js';
import type { RandomMaskAttrs } from '../emitter.js';
import { currentPath } from '../scope.js';
import { applyOne, type Tensor } from '../tensor.js';

/** An element is kept when its 32 random bits are at least this. */
export function keepThreshold(keep: number): number {
  return Math.min(2 ** 32 - 1, Math.round((1 - keep) * 2 ** 32));
}

export const randomMaskOp = defineOp<RandomMaskAttrs>({
  name: 'random_mask',
  doc: 'A dropout mask: 1/keep with probability `keep`, else 0, by bits(seed, stream, step, index) ≥ (1 − keep)·2³². Fed by the runtime.',
  inputs: [],
  infer: ({ attrs }) => [{ shape: attrs.shape, dtype: 'float32' }],
  vjp: 'none',
  order: 'any',
  lower: (e, { attrs }) => [e.mask(attrs, { shape: attrs.shape, dtype: 'float32' })],
  reference: (_, { shape, keep, stream }) => {
    const key = randomKey(0, stream);
    return [
      { shape, data: Float64Array.from({ length: sizeOf(shape) }, (__, i) => (randomBits(key, i) >= keepThreshold(keep) ? 1 / keep : 0)) },
    ];
  },
  cases: [{ attrs: { shape: [3, 5], keep: 0.7, stream: 'case' }, inputs: [] }],
});

const counts = new Map<string, number>();

/** Forgets how many masks each path has drawn: a trace starts from here, so that equal traces draw equal streams. */
export function restartStreams(): void {
  counts.clear();
}

/** A fresh mask, its stream named by the module path and a count within it. */
export function randomMask(shape: Shape, keep: number): Tensor | undefined {
  const sizes = concrete(shape);
  if (sizes === undefined) return undefined;
  const path = currentPath();
  const n = counts.get(path) ?? 0;
  counts.set(path, n + 1);
  return applyOne(randomMaskOp, [], { shape: sizes, keep, stream: `${path}/dropout.${n}` });
}
