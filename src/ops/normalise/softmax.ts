import { broadcastShapes, equalShapes, HostArray, isFloat, normalizeAxis } from '../../core/index.js';
import { defineOp } from '../declare.js';
import type { Emitter, LowerContext } from '../emitter.js';
import { mapRef, type RefArray } from '../reference.js';
import { applyOne, Tensor } from '../tensor.js';

interface SoftmaxAttrs {
  readonly axis: number;
  /** Promised by the caller: no row is wholly masked, so none needs zeroing. */
  readonly everyRowAttends: boolean;
}

/** Finite, so that a row with nothing to attend to stays finite until it is zeroed. */
const masked = -1e30;

const softmaxOp = defineOp<SoftmaxAttrs>({
  name: 'softmax',
  doc: 'y_j = e^{x_j} / Σ_k e^{x_k} along an axis, over the j the mask allows (true = attend); a row without any is all zeros.',
  inputs: ['x', 'mask?'],
  infer: ({ inputs: [x, mask], refuse }) => {
    if (x === undefined || !isFloat(x.dtype)) throw refuse('a float tensor is expected', { code: 'dtype' });
    if (mask === undefined) return [x];
    if (mask.dtype !== 'bool') {
      throw refuse('a boolean mask (true = attend) is expected', { code: 'dtype', fix: 'Add a float bias to the scores instead' });
    }
    const shape = broadcastShapes(x.shape, mask.shape);
    if (shape === undefined || !equalShapes(shape, x.shape)) throw refuse('a mask that broadcasts to x is expected');
    return [x];
  },
  // dx = y ∘ (g − Σ g∘y): the mask needs no rule of its own, for y is zero where it forbids.
  vjp: ({ outputs, attrs, g }) => {
    const y = outputs[0] as Tensor;
    return [g.sub(g.mul(y).sum({ axis: attrs.axis, keep: true })).mul(y), undefined];
  },
  order: 'any',
  lower: (e, c) => {
    const softmax = (x: string): string => e.one('Softmax', [x], { attributes: { axis: c.attrs.axis } });
    const [x, mask] = c.inputs as [string, string | undefined];
    if (mask === undefined) return [softmax(x)];
    const { bias, everyRowAttends } = maskBias(e, c, mask);
    const y = softmax(e.one('Add', [x, bias]));
    if (everyRowAttends) return [y];
    const fromEnd = c.attrs.axis - (c.outputSpecs[0]?.shape.length ?? 0);
    const attends = e.one('ReduceMax', [e.cast(mask, dtypeOf(c)), e.ints([fromEnd])], { attributes: { keepdims: 1 } });
    return [e.one('Mul', [y, attends])];
  },
  reference: ([input, mask], { axis }) => {
    const x = input as RefArray;
    const length = x.shape[axis] as number;
    const step = x.shape.slice(axis + 1).reduce((a, b) => a * b, 1);
    const allowed = mask && mapRef((_, open) => open, x, mask).data;
    const data = new Float64Array(x.data.length);
    for (let first = 0; first < data.length; first++) {
      if (Math.floor(first / step) % length !== 0) continue;
      const row = Array.from({ length }, (_, j) => first + j * step).filter((at) => allowed === undefined || allowed[at] !== 0);
      const top = Math.max(...row.map((at) => x.data[at] as number));
      const total = row.reduce((s, at) => s + Math.exp((x.data[at] as number) - top), 0);
      for (const at of row) data[at] = Math.exp((x.data[at] as number) - top) / total;
    }
    return [{ shape: x.shape, data }];
  },
  cases: [
    { attrs: { axis: 1, everyRowAttends: false }, inputs: [{ shape: [3, 5] }] },
    { attrs: { axis: 1, everyRowAttends: false }, inputs: [{ shape: [2, 4, 3] }] },
    {
      attrs: { axis: 2, everyRowAttends: false },
      inputs: [{ shape: [2, 2, 3] }, { shape: [2, 3], dtype: 'bool', values: [1, 0, 1, 0, 0, 0] }],
    },
  ],
});

/** An additive bias that forbids, computed at once for a constant mask; and whether no row is wholly masked. */
function maskBias(e: Emitter, c: LowerContext<SoftmaxAttrs>, mask: string): { bias: string; everyRowAttends: boolean } {
  const known = c.constant(1);
  if (known === undefined)
    return {
      bias: e.one('Where', [mask, e.scalar(0, dtypeOf(c)), e.scalar(masked, dtypeOf(c))]),
      everyRowAttends: c.attrs.everyRowAttends,
    };
  const bias = new Float64Array(known.data.length);
  (known.data as Uint8Array).forEach((allowed, i) => {
    if (!allowed) bias[i] = masked;
  });
  const width = known.shape.at(-1) ?? 1;
  let everyRowAttends = c.attrs.everyRowAttends || c.attrs.axis === (c.outputSpecs[0]?.shape.length ?? 0) - 1;
  for (let r = 0; r < bias.length && everyRowAttends && !c.attrs.everyRowAttends; r += width)
    everyRowAttends = bias.subarray(r, r + width).includes(0);
  const double = dtypeOf(c) === 'float64';
  return { bias: e.constant(new HostArray(double ? bias : Float32Array.from(bias), known.shape, dtypeOf(c))), everyRowAttends };
}

function dtypeOf({ inputSpecs: [x] }: LowerContext<SoftmaxAttrs>): 'float32' | 'float64' {
  return x?.dtype === 'float64' ? 'float64' : 'float32';
}

export interface SoftmaxOptions {
  readonly axis?: number;
  readonly mask?: Tensor | undefined;
  readonly everyRowAttends?: boolean;
}

/**
 * y_j = e^{x_j} / Σ_k e^{x_k} along `axis` (the last by default).
 * @param options.mask bool, broadcasts to x, true = attend; a row without a true gives zeros
 * @param options.everyRowAttends promises that there is no such row, which saves a pass
 */
export function softmax(x: Tensor, options: SoftmaxOptions = {}): Tensor {
  const axis = normalizeAxis(options.axis ?? -1, x.rank, 'softmax');
  return applyOne(softmaxOp, options.mask === undefined ? [x] : [x, options.mask], {
    axis,
    everyRowAttends: options.everyRowAttends ?? false,
  });
}

declare module '../tensor.js' {
  interface Tensor {
    softmax(options?: SoftmaxOptions): Tensor;
  }
}
Object.assign(Tensor.prototype, {
  softmax(this: Tensor, options?: SoftmaxOptions) {
    return softmax(this, options);
  },
});
