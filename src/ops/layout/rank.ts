import { type Dim, fail, normalizeAxes, normalizeAxis, sizeOf } from '../../core/index.js';
import { formatSpec } from '../spec.js';
import { Tensor } from '../tensor.js';
import { concat } from './concat.js';

/** Drops axes of size 1: those named, or all of them. @throws shape: a named axis has another size */
export function squeeze(x: Tensor, axis?: number | readonly number[]): Tensor {
  const all = x.shape.flatMap((d, a) => (d === 1 ? [a] : []));
  const axes = axis === undefined ? all : normalizeAxes(axis, x.rank, 'squeeze');
  const wide = axes.find((a) => x.shape[a] !== 1);
  if (wide !== undefined) throw fail('shape', { where: 'squeeze', rule: `axis ${wide} has size 1`, got: `x=${formatSpec(x)}` });
  return x.reshape(x.shape.filter((_, a) => !axes.includes(a)));
}

/** Puts in an axis of size 1, which will be axis `axis` of the result. */
export function unsqueeze(x: Tensor, axis: number): Tensor {
  const at = normalizeAxis(axis, x.rank + 1, 'unsqueeze');
  return x.reshape([...x.shape.slice(0, at), 1, ...x.shape.slice(at)]);
}

/** Makes the axes from `start` to `end` (both included) one; all of them by default. A scalar becomes [1]. */
export function flatten(x: Tensor, start = 0, end = -1): Tensor {
  if (x.rank === 0) return x.reshape([1]);
  const [from, to] = [start, end].map((a) => normalizeAxis(a, x.rank, 'flatten')) as [number, number];
  if (from > to) throw fail('axis', { where: 'flatten', rule: 'start comes before end', got: `${start} and ${end}` });
  const joined: Dim = sizeOf(x.shape.slice(from, to + 1));
  return x.reshape([...x.shape.slice(0, from), joined, ...x.shape.slice(to + 1)]);
}

/** Tensors of one shape side by side along a new axis. */
export function stack(parts: readonly Tensor[], axis = 0): Tensor {
  const first = parts[0];
  if (first === undefined) throw fail('shape', { where: 'stack', rule: 'at least one tensor is expected', got: 'none' });
  const at = normalizeAxis(axis, first.rank + 1, 'stack');
  return concat(
    parts.map((part) => unsqueeze(part, at)),
    at,
  );
}

declare module '../tensor.js' {
  interface Tensor {
    squeeze(axis?: number | readonly number[]): Tensor;
    unsqueeze(axis: number): Tensor;
    flatten(start?: number, end?: number): Tensor;
  }
}
Object.assign(Tensor.prototype, {
  squeeze(this: Tensor, axis?: number | readonly number[]) {
    return squeeze(this, axis);
  },
  unsqueeze(this: Tensor, axis: number) {
    return unsqueeze(this, axis);
  },
  flatten(this: Tensor, start?: number, end?: number) {
    return flatten(this, start, end);
  },
});
