import { concat, type Tensor } from '../../ops/index.js';

/**
 * Another order of a sequence, in which queries meet only the keys near them: the batch grows, the keys of a query become
 * few. All functions take [B,·,T,D], of any dtype, and know T; what is put in to fill blocks is zero, or false.
 */
export interface Layout {
  /** [B,H,T,D] → [B',H,T',D]: also of weights, whose last axis is keys. */
  queries(x: Tensor): Tensor;
  /** [B,K,T,D] → [B',K,S',D] */
  keys(x: Tensor): Tensor;
  /** The inverse of `queries`: [B',H,T',D] → [B,H,T,D] */
  restore(x: Tensor): Tensor;
}

type Size = readonly [number, number, number, number];
const sizesOf = (x: Tensor): Size => x.shape as unknown as Size;

/** Blocks of `width` tokens, each with as many neighbours before and after it as keys; none stand beyond the ends. */
export function blocks(length: number, width: number, sides: { readonly before: number; readonly after: number }): Layout {
  const n = Math.ceil(length / width);
  const whole = n * width;
  const fill = (x: Tensor, before: number, after: number): Tensor => padLength(x, before, after + whole - length);
  const asBlocks = (x: Tensor): Tensor => {
    const [batch, heads, , size] = sizesOf(x);
    return x.reshape([batch, heads, n, width, size]);
  };
  // [B,H,n,w,D] → [B·n,H,w,D]: the blocks of one sequence stand side by side.
  const asBatch = (x: Tensor): Tensor => {
    const [batch, heads, , rows, size] = x.shape as [number, number, number, number, number];
    return x.transpose([0, 2, 1, 3, 4]).reshape([batch * n, heads, rows, size]);
  };
  return {
    queries: (x) => asBatch(asBlocks(fill(x, 0, 0))),
    keys(x) {
      const padded = fill(x, sides.before * width, sides.after * width);
      const count = sides.before + 1 + sides.after;
      const shifted = Array.from({ length: count }, (_, i) => asBlocks(cutLength(padded, i * width, i * width + whole)));
      return asBatch(count === 1 ? (shifted[0] as Tensor) : concat(shifted, 3));
    },
    restore(x) {
      const [count, heads, rows, size] = sizesOf(x);
      const apart = x.reshape([count / n, n, heads, rows, size]).transpose([0, 2, 1, 3, 4]);
      return cutLength(apart.reshape([count / n, heads, whole, size]), 0, length);
    },
  };
}

/** Every `step`-th token a sequence of its own: [B,H,T,D] → [B·step,H,⌈T/step⌉,D], itself laid out further. */
export function lanes(length: number, step: number, within: (laneLength: number) => Layout): Layout {
  const long = Math.ceil(length / step);
  const inner = within(long);
  const apart = (x: Tensor): Tensor => {
    const [batch, heads, , size] = sizesOf(x);
    const filled = padLength(x, 0, long * step - length).reshape([batch, heads, long, step, size]);
    return filled.transpose([0, 3, 1, 2, 4]).reshape([batch * step, heads, long, size]);
  };
  return {
    queries: (x) => inner.queries(apart(x)),
    keys: (x) => inner.keys(apart(x)),
    restore(x) {
      const [count, heads, , size] = sizesOf(inner.restore(x));
      const rows = inner
        .restore(x)
        .reshape([count / step, step, heads, long, size])
        .transpose([0, 2, 3, 1, 4]);
      return cutLength(rows.reshape([count / step, heads, long * step, size]), 0, length);
    },
  };
}

/** All queries with keys that are the same for all: `pick` takes them out of [B,K,T,D]. */
export function shared(pick: (x: Tensor) => Tensor): Layout {
  return { queries: (x) => x, keys: pick, restore: (x) => x };
}

/** The tokens at `from` … `to` − 1 of [B,H,T,D]. */
export function cutLength(x: Tensor, from: number, to: number): Tensor {
  return from === 0 && to === x.shape[2] ? x : x.slice([null, null, [from, to]]);
}

function padLength(x: Tensor, before: number, after: number): Tensor {
  return x.pad([
    [0, 0],
    [0, 0],
    [before, after],
    [0, 0],
  ]);
}
