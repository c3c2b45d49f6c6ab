import { addDims, type Dim } from '../../core/index.js';
import { defineOp } from '../declare.js';
import { type RefArray, read, ref } from '../reference.js';
import type { Spec } from '../spec.js';
import { applyOne, Tensor } from '../tensor.js';

interface PadAttrs {
  /** Elements before and after, for each axis. */
  readonly pads: readonly (readonly [Dim, Dim])[];
  readonly value: number;
}

const padOp = defineOp<PadAttrs>({
  name: 'pad',
  doc: 'x with a constant value put before and after it along each axis.',
  inputs: ['x'],
  infer: ({ inputs: [x], attrs: { pads }, refuse }) => {
    if (x === undefined || pads.length !== x.shape.length) throw refuse('[before, after] for each axis is expected');
    if (pads.flat().some((n) => typeof n === 'number' && !(Number.isInteger(n) && n >= 0))) {
      throw refuse('whole numbers of elements, 0 or more', { code: 'value', got: JSON.stringify(pads), fix: 'Use slice to cut' });
    }
    return [{ shape: x.shape.map((d, a) => addDims(d, addDims(pads[a]?.[0] ?? 0, pads[a]?.[1] ?? 0))), dtype: x.dtype }];
  },
  vjp: ({ inputs, attrs: { pads }, g }) => {
    const { shape } = inputs[0] as Tensor;
    return [g.slice(pads.map(([before, after], a) => (before === 0 && after === 0 ? null : [before, addDims(before, shape[a] as Dim)])))];
  },
  order: 'any',
  lower: (e, { inputs: [x], attrs: { pads, value }, inputSpecs }) => {
    const { dtype } = inputSpecs[0] as Spec;
    const amounts = e.shape([...pads.map(([before]) => before), ...pads.map(([, after]) => after)]);
    return [e.one('Pad', [x as string, amounts, dtype === 'bool' ? e.cast(e.scalar(value, 'int32'), dtype) : e.scalar(value, dtype)])];
  },
  reference: ([input], { pads, value }) => {
    const x = input as RefArray;
    const before = pads.map(([n]) => Number(n));
    const shape = x.shape.map((d, a) => Number(pads[a]?.[0]) + d + Number(pads[a]?.[1]));
    return [
      ref(shape, (index) => {
        const from = index.map((i, a) => i - (before[a] as number));
        const inside = from.every((i, a) => i >= 0 && i < (x.shape[a] as number));
        return inside ? read(x, from) : value;
      }),
    ];
  },
  cases: [
    {
      attrs: {
        pads: [
          [1, 0],
          [0, 2],
        ],
        value: 0,
      },
      inputs: [{ shape: [2, 3] }],
    },
    { attrs: { pads: [[2, 1]], value: -1.5 }, inputs: [{ shape: [3] }] },
    { attrs: { pads: [[0, 2]], value: 7 }, inputs: [{ shape: [2], dtype: 'int32', range: [0, 5] }] },
    { attrs: { pads: [[1, 1]], value: 1 }, inputs: [{ shape: [2], dtype: 'bool', range: [0, 1] }] },
  ],
});

/**
 * x with `value` put before and after it: [before, after] for each axis.
 * @example pad(x, [[0, 0], [0, 3]]) // [B,T] → [B,T+3]
 */
export function pad(x: Tensor, pads: readonly (readonly [Dim, Dim])[], value = 0): Tensor {
  const none = pads.length === x.rank && pads.flat().every((n) => n === 0);
  return none ? x : applyOne(padOp, [x], { pads, value });
}

declare module '../tensor.js' {
  interface Tensor {
    pad(pads: readonly (readonly [Dim, Dim])[], value?: number): Tensor;
  }
}
Object.assign(Tensor.prototype, {
  pad(this: Tensor, pads: readonly (readonly [Dim, Dim])[], value?: number) {
    return pad(this, pads, value);
  },
});
