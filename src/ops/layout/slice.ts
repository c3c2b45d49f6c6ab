import { addDims, type Dim, fail, HostArray, subtractDims } from '../../core/index.js';
import { defineOp } from '../declare.js';
import { type RefArray, ref } from '../reference.js';
import { applyOne, asTensor, Tensor } from '../tensor.js';

interface SliceAttrs {
  /** For each axis: first position and the one after the last, counted from the front; null keeps the axis whole. */
  readonly ranges: readonly (readonly [Dim, Dim] | null)[];
}

/** [start, stop, step] of one axis, as Python writes `start:stop:step`; null keeps the axis whole. */
export type SliceRange = readonly [start: Dim, stop?: Dim | undefined, step?: number] | null;

const sliceOp = defineOp<SliceAttrs>({
  name: 'slice',
  doc: 'A box cut out: y[i…] = x[start + i…], from start to before stop along each axis.',
  inputs: ['x'],
  infer: ({ inputs: [x], attrs: { ranges }, refuse }) => {
    if (x === undefined || ranges.length !== x.shape.length) throw refuse('a range or null for each axis is expected');
    const shape = x.shape.map((d, a): Dim => {
      const range = ranges[a];
      if (range === null || range === undefined) return d;
      const length = subtractDims(range[1], range[0]);
      const outside = [range[0], length, subtractDims(d, range[1])].some((v) => typeof v === 'number' && v < 0);
      if (outside) throw refuse(`the range ${range[0]}:${range[1]} must lie within axis ${a}`, { code: 'axis' });
      return length;
    });
    return [{ shape, dtype: x.dtype }];
  },
  vjp: ({ inputs, attrs: { ranges }, g }) => {
    const x = inputs[0] as Tensor;
    return [g.pad(x.shape.map((d, a) => [ranges[a]?.[0] ?? 0, subtractDims(d, ranges[a]?.[1] ?? d)]))];
  },
  order: 'any',
  lower: (e, { inputs: [x], attrs: { ranges } }) => {
    const cut = ranges.flatMap((range, axis) => (range === null ? [] : [{ start: range[0], stop: range[1], axis }]));
    const [starts, stops] = [e.shape(cut.map((c) => c.start)), e.shape(cut.map((c) => c.stop))];
    return [e.one('Slice', [x as string, starts, stops, e.ints(cut.map((c) => c.axis))])];
  },
  reference: ([input], { ranges }) => {
    const x = input as RefArray;
    const starts = ranges.map((range) => Number(range?.[0] ?? 0));
    const shape = x.shape.map((d, a) => (ranges[a] ? Number(ranges[a]?.[1]) - Number(ranges[a]?.[0]) : d));
    return [
      ref(shape, (index) => x.data[index.reduce((at, i, a) => at * (x.shape[a] as number) + i + (starts[a] as number), 0)] as number),
    ];
  },
  cases: [
    { attrs: { ranges: [null, [1, 3]] }, inputs: [{ shape: [3, 4] }] },
    { attrs: { ranges: [[0, 1], null, [2, 5]] }, inputs: [{ shape: [2, 3, 5] }] },
    { attrs: { ranges: [[1, 4]] }, inputs: [{ shape: [5], dtype: 'int32', range: [-9, 9] }] },
  ],
});

/**
 * Parts of the axes, by Python's rules: negative positions count from the end, positions beyond the ends are moved to
 * them, a missing stop is the end. Axes after the ranges given stay whole. On an axis of symbolic size the step is 1 and
 * the size must cover what is asked for.
 *
 * A step other than 1 gathers, so that its gradient is a scatter.
 * @example slice(x, [null, [-1]]) // [B,T,C] → [B,1,C], the last position
 */
export function slice(x: Tensor, ranges: readonly SliceRange[]): Tensor {
  if (ranges.length > x.rank) {
    throw fail('axis', { where: 'slice', rule: `at most ${x.rank} ranges, one per axis`, got: String(ranges.length) });
  }
  let y = x;
  const plain = x.shape.map((size, axis): readonly [Dim, Dim] | null => {
    const range = ranges[axis] ?? null;
    if (range === null) return null;
    const [start, stop, step = 1] = range;
    if (step !== 1) {
      y = y.gather(asTensor(positions(size, start, stop, step)), axis);
      return null;
    }
    const from = position(size, start);
    const to = position(size, stop ?? size);
    // An empty range is empty wherever it starts.
    return typeof from === 'number' && typeof to === 'number' ? [Math.min(from, to), to] : [from, to];
  });
  return plain.every((range) => range === null) ? y : applyOne(sliceOp, [y], { ranges: plain });
}

/** A position counted from the front, within the axis where that is known. */
function position(size: Dim, at: Dim): Dim {
  const fromFront = typeof at === 'number' && at < 0 ? addDims(size, at) : at;
  return typeof size === 'number' && typeof fromFront === 'number' ? Math.min(size, Math.max(0, fromFront)) : fromFront;
}

/** The positions that start:stop:step names on an axis, as Python's `range(*slice(...).indices(size))`. */
function positions(size: Dim, start: Dim, stop: Dim | undefined, step: number): HostArray {
  if (typeof size !== 'number' || typeof start !== 'number' || (stop !== undefined && typeof stop !== 'number')) {
    throw fail('shape', {
      where: 'slice',
      rule: 'a step other than 1 takes an axis and positions of known size',
      got: `${start}:${stop ?? ''}:${step} of ${size}`,
    });
  }
  if (!Number.isInteger(step) || step === 0) {
    throw fail('value', { where: 'slice', rule: 'a step is a whole number, not 0', got: String(step) });
  }
  const [lowest, highest] = step > 0 ? [0, size] : [-1, size - 1];
  const bound = (at: number): number => Math.min(highest, Math.max(lowest, at < 0 ? at + size : at));
  const end = stop === undefined ? (step > 0 ? size : -1) : bound(stop);
  const list: number[] = [];
  for (let i = bound(start); step > 0 ? i < end : i > end; i += step) list.push(i);
  return new HostArray(Int32Array.from(list), [list.length], 'int32');
}

declare module '../tensor.js' {
  interface Tensor {
    slice(ranges: readonly SliceRange[]): Tensor;
  }
}
Object.assign(Tensor.prototype, {
  slice(this: Tensor, ranges: readonly SliceRange[]) {
    return slice(this, ranges);
  },
});
