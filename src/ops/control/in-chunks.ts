import { fail } from '../../core/index.js';
import { concat } from '../layout/concat.js';
import { formatSpec } from '../spec.js';
import type { Node, Tensor } from '../tensor.js';
import { recompute } from './recompute.js';
import { scan } from './scan.js';

/**
 * A function of rows, computed some rows at a time: what it makes of a chunk is not kept for the backward pass but computed
 * again there, so that no more than a chunk's values are ever held (Kitaev et al. 2020, Reformer, section 3.2, "chunking").
 * Rows must not see each other: the result is the same, whatever the chunk. Costs about a third more work in training.
 * @param fn [n,…] each → [n,…], n = `chunk` or what is left of the rows
 * @returns the function of all rows, [N,…] each → [N,…]
 * @throws value: a chunk below 1; shape: rows of different or unknown numbers, results that are not rows; unsupported: dropout
 * inside, whose mask would be the same for all chunks
 * @example const y = inChunks((x) => mlp.forward(x), 1024)(rows);
 */
export function inChunks(fn: (...rows: readonly Tensor[]) => Tensor, chunk: number): (...rows: readonly Tensor[]) => Tensor {
  const where = 'inChunks';
  if (!Number.isInteger(chunk) || chunk < 1)
    throw fail('value', { where, rule: 'a chunk of a whole number of rows from 1', got: String(chunk) });
  return (...rows) => {
    const count = rows[0]?.shape[0];
    if (typeof count !== 'number' || rows.some((x) => x.shape[0] !== count)) {
      const got = rows.map(formatSpec).join(', ') || 'none';
      throw fail('shape', { where, rule: 'arguments of one known number of rows', got });
    }
    const again = recompute((...slices: readonly Tensor[]) => checked(fn(...slices), slices));
    if (count <= chunk) return again(...rows);
    const whole = Math.floor(count / chunk);
    const cut = rows.map((x) => x.slice([[0, whole * chunk]]).reshape([whole, chunk, ...x.shape.slice(1)]));
    const { outputs } = scan((_, slices) => ({ carries: [], outputs: [again(...slices)] }), [], cut, { carrySums: true });
    const stacked = outputs[0] as Tensor;
    const first = stacked.reshape([whole * chunk, ...stacked.shape.slice(2)]);
    if (whole * chunk === count) return first;
    return concat([first, again(...rows.map((x) => x.slice([[whole * chunk, count]])))], 0);
  };
}

function checked(y: Tensor, slices: readonly Tensor[]): Tensor {
  const where = { where: 'inChunks' };
  if (y.shape[0] !== slices[0]?.shape[0])
    throw fail('shape', { ...where, rule: 'a function that gives a row for each row', got: formatSpec(y) });
  const seen = new Set<Node>(slices.map((x) => x.node));
  const stack = [y.node];
  for (let node = stack.pop(); node !== undefined; node = stack.pop()) {
    if (node.op.name === 'random_mask') {
      const fix = 'Drop units of the whole result instead';
      throw fail('unsupported', {
        ...where,
        rule: 'no dropout within chunks, whose mask would be every chunk’s',
        got: `a mask at ${node.path}`,
        fix,
      });
    }
    for (const { node: source } of node.inputs) {
      if (seen.has(source)) continue;
      seen.add(source);
      stack.push(source);
    }
  }
  return y;
}
