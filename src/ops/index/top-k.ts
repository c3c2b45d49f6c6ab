import { normalizeAxis } from '../../core/index.js';
import { defineOp } from '../declare.js';
import { type RefArray, read, ref, withAxis } from '../reference.js';
import { apply, asTensor, type Tensor } from '../tensor.js';
import { scatterAlong } from './take-along.js';

interface TopKAttrs {
  readonly k: number;
  readonly axis: number;
}

const topKOp = defineOp<TopKAttrs>({
  name: 'top_k',
  doc: 'The k largest x along an axis, largest first, and their indices; among equals the lower index comes first.',
  inputs: ['x'],
  infer: ({ inputs: [x], attrs: { k, axis }, refuse }) => {
    if (x === undefined || x.dtype === 'bool') throw refuse('a numeric tensor is expected', { code: 'dtype' });
    const length = x.shape[axis] as number;
    if (!Number.isInteger(k) || k < 1 || k > length) {
      throw refuse(`k lies between 1 and ${length}, the size of axis ${axis}`, { code: 'value', got: String(k) });
    }
    const shape = x.shape.map((d, a) => (a === axis ? k : d));
    return [
      { shape, dtype: x.dtype },
      { shape, dtype: 'int32' },
    ];
  },
  vjp: ({ inputs: [x], outputs, attrs: { axis }, grads }) => {
    const [g] = grads;
    if (g === undefined) return [undefined];
    return [scatterAlong(asTensor(0, x as Tensor).expand((x as Tensor).shape), outputs[1] as Tensor, g, axis)];
  },
  order: 'any',
  lower: (e, { inputs: [x], attrs: { k, axis } }) => {
    const [values, indices] = e.many('TopK', [x as string, e.ints([k])], 2, { attributes: { axis, largest: 1, sorted: 1 } });
    return [values as string, e.cast(indices as string, 'int32')];
  },
  reference: ([input], { k, axis }) => {
    const x = input as RefArray;
    const length = x.shape[axis] as number;
    const indices = ref(withAxis(x.shape, axis, k), (index) => {
      const at = (j: number): number => read(x, withAxis(index, axis, j));
      const order = Array.from({ length }, (_, j) => j).sort((i, j) => at(j) - at(i) || i - j);
      return order[index[axis] as number] as number;
    });
    return [ref(indices.shape, (index, flat) => read(x, withAxis(index, axis, indices.data[flat] as number))), indices];
  },
  cases: [
    { attrs: { k: 2, axis: 1 }, inputs: [{ shape: [3, 5] }] },
    { attrs: { k: 3, axis: 0 }, inputs: [{ shape: [4, 2, 2] }] },
    { attrs: { k: 3, axis: 1 }, inputs: [{ shape: [2, 4], values: [1, 3, 1, 3, 0, 0, 2, 0], differentiable: false }] },
  ],
});

/**
 * The k largest along `axis` (the last by default), largest first: [values, indices int32].
 * Values are differentiable. @throws value: k outside 1 … the axis's size
 */
export function topK(x: Tensor, k: number, axis = -1): readonly [Tensor, Tensor] {
  return apply(topKOp, [x], { k, axis: normalizeAxis(axis, x.rank, 'top_k') }) as readonly [Tensor, Tensor];
}
