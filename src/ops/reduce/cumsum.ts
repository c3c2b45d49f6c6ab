import { normalizeAxis } from '../../core/index.js';
import { defineOp } from '../declare.js';
import { type RefArray, read, ref, withAxis } from '../reference.js';
import { applyOne, Tensor } from '../tensor.js';

interface CumsumAttrs {
  readonly axis: number;
  readonly reverse: boolean;
  readonly exclusive: boolean;
}

export interface CumsumOptions {
  /** Sums from the end. */
  readonly reverse?: boolean;
  /** Leaves the element itself out: the first sum is 0. */
  readonly exclusive?: boolean;
}

const cumsumOp = defineOp<CumsumAttrs>({
  name: 'cumsum',
  doc: 'Running sums along an axis: y_i = Σ_{j ≤ i} x_j; reverse: j ≥ i; exclusive: without j = i.',
  inputs: ['x'],
  infer: ({ inputs: [x], refuse }) => {
    if (x === undefined || x.dtype === 'bool') throw refuse('a numeric tensor is expected', { code: 'dtype', fix: "Use cast(x, 'int32')" });
    return [x];
  },
  // What x_j was added to: the same sums from the other end.
  vjp: ({ attrs: { axis, reverse, exclusive }, g }) => [g.cumsum(axis, { reverse: !reverse, exclusive })],
  order: 'any',
  lower: (e, { inputs: [x], attrs: { axis, reverse, exclusive } }) => [
    e.one('CumSum', [x as string, e.scalar(axis, 'int32')], { attributes: { reverse: Number(reverse), exclusive: Number(exclusive) } }),
  ],
  reference: ([input], { axis, reverse, exclusive }) => {
    const x = input as RefArray;
    return [
      ref(x.shape, (index) => {
        const i = index[axis] as number;
        let total = 0;
        for (let j = 0; j < (x.shape[axis] as number); j++) {
          if ((j === i && !exclusive) || (reverse ? j > i : j < i)) total += read(x, withAxis(index, axis, j));
        }
        return total;
      }),
    ];
  },
  cases: [
    { attrs: { axis: 1, reverse: false, exclusive: false }, inputs: [{ shape: [2, 4] }] },
    { attrs: { axis: 0, reverse: true, exclusive: false }, inputs: [{ shape: [3, 2, 2] }] },
    { attrs: { axis: 2, reverse: false, exclusive: true }, inputs: [{ shape: [2, 2, 4] }] },
    { attrs: { axis: 0, reverse: true, exclusive: true }, inputs: [{ shape: [5], dtype: 'int32', range: [-3, 3] }] },
  ],
});

/** Running sums of x along `axis`: y_i = Σ_{j ≤ i} x_j. */
export function cumsum(x: Tensor, axis: number, options: CumsumOptions = {}): Tensor {
  const at = normalizeAxis(axis, x.rank, 'cumsum');
  return applyOne(cumsumOp, [x], { axis: at, reverse: options.reverse ?? false, exclusive: options.exclusive ?? false });
}

declare module '../tensor.js' {
  interface Tensor {
    cumsum(axis: number, options?: CumsumOptions): Tensor;
  }
}
Object.assign(Tensor.prototype, {
  cumsum(this: Tensor, axis: number, options?: CumsumOptions) {
    return cumsum(this, axis, options);
  },
});
