import { addDims, type Dim, divideDims, equalDims, fail, normalizeAxis } from '../../core/index.js';
import { defineOp } from '../declare.js';
import { type RefArray, read, ref, withAxis } from '../reference.js';
import { apply, asTensor, Tensor } from '../tensor.js';
import { concat } from './concat.js';

interface SplitAttrs {
  readonly sizes: readonly number[];
  readonly axis: number;
}

const splitOp = defineOp<SplitAttrs>({
  name: 'split',
  doc: 'A tensor cut along an axis into parts of the given sizes.',
  inputs: ['x'],
  infer: ({ inputs: [x], attrs: { sizes, axis }, refuse }) => {
    if (x === undefined) throw refuse('one input is expected');
    const total = sizes.reduce<number>((a, b) => addDims(a, b) as number, 0);
    if (!equalDims(total, x.shape[axis] as number)) throw refuse(`sizes [${sizes}] must add up to axis ${axis}`);
    return sizes.map((size) => ({ shape: x.shape.map((d, a) => (a === axis ? size : d)), dtype: x.dtype }));
  },
  vjp: ({ outputs, attrs: { axis }, grads }) => [
    concat(
      outputs.map((y, i) => grads[i] ?? asTensor(0, y).expand(y.shape)),
      axis,
    ),
  ],
  order: 'any',
  lower: (e, { inputs: [x], attrs: { sizes, axis } }) =>
    e.many('Split', [x as string, e.shape(sizes)], sizes.length, { attributes: { axis } }),
  reference: ([x], { sizes, axis }) => {
    let start = 0;
    return sizes.map((size) => {
      const from = start;
      start += size;
      const shape = withAxis((x as RefArray).shape, axis, size);
      return ref(shape, (index) => read(x as RefArray, withAxis(index, axis, from + (index[axis] as number))));
    });
  },
  cases: [
    { attrs: { sizes: [2, 1, 3], axis: 1 }, inputs: [{ shape: [2, 6] }] },
    { attrs: { sizes: [1, 1], axis: 0 }, inputs: [{ shape: [2, 3] }] },
  ],
});

/** Parts of `x` along `axis`: of the given sizes, or that many equal ones. */
export function split(x: Tensor, parts: number | readonly number[], axis: number): readonly Tensor[] {
  const at = normalizeAxis(axis, x.rank, 'split');
  const sizes = typeof parts === 'number' ? new Array<number>(parts).fill(equalPart(x.shape[at] as Dim, parts)) : parts;
  return sizes.length === 1 ? [x] : apply(splitOp, [x], { sizes, axis: at });
}

/** One of `parts` equal parts of an axis. @throws shape: it does not divide */
function equalPart(length: Dim, parts: number): number {
  const part = divideDims(length, parts);
  if (typeof part === 'number') return part;
  throw fail('shape', { where: 'split', rule: `an axis that divides into ${parts} equal parts`, got: String(length) });
}

declare module '../tensor.js' {
  interface Tensor {
    split(parts: number | readonly number[], axis: number): readonly Tensor[];
  }
}
Object.assign(Tensor.prototype, {
  split(this: Tensor, parts: number | readonly number[], axis: number) {
    return split(this, parts, axis);
  },
});
