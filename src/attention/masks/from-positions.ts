import { fail, HostArray } from '../../core/index.js';
import type { FormDeclaration } from '../../nn/index.js';
import { constant, formatSpec, gather, maximum, type Tensor } from '../../ops/index.js';
import type { Mask } from '../parts.js';
import { maskCosts } from './costs.js';
import { wholeNumber } from './whole-number.js';

/**
 * Any boolean function of positions, written over tensors: i holds the queries', j the keys', int32, and they broadcast.
 * Positions may be anything: a cache's, packed documents', inputs of the program.
 * @example fromPositions((i, j) => i.sub(j).equal(1)) // only the token before
 * @throws dtype: a function that gives no booleans
 */
export function fromPositions(allows: (i: Tensor, j: Tensor) => Tensor): Mask {
  return ({ query, key }) => {
    const mask = allows(query, key);
    if (mask.dtype === 'bool') return mask;
    throw fail('dtype', {
      where: 'fromPositions',
      rule: 'a function that gives booleans, true = attend',
      got: formatSpec(mask),
      fix: 'End it with a comparison, as in i.sub(j).less(4)',
    });
  };
}

/**
 * The same of plain numbers: asked once for every pair of positions below `length`, and looked up where queries and keys
 * stand. It costs length² bytes of the program.
 * @example fromTable(64, (i, j) => (i ^ j) < 8)
 * @throws value: a length below 1; shape: more tokens than that
 */
export function fromTable(length: number, allows: (i: number, j: number) => boolean): Mask {
  wholeNumber('fromTable', 'length', length, 1);
  const data = Uint8Array.from({ length: length * length }, (_, at) => Number(allows(Math.floor(at / length), at % length)));
  const values = new HostArray(data, [length * length], 'bool');
  return ({ query, key }) => {
    for (const place of [query, key]) {
      const count = Math.max(...place.shape.map((d) => (typeof d === 'number' ? d : 0)));
      if (place.rank !== 2 || count <= length) continue;
      const rule = `at most ${length} tokens, those of the table`;
      throw fail('shape', { where: 'fromTable', rule, got: String(count), fix: 'Make a longer table' });
    }
    // Empty slots of a memory stand at −1; they are never attended to, but must be found.
    return gather(constant(values), maximum(query.mul(length).add(key), 0));
  };
}

const common = {
  paper: '—',
  ...maskCosts,
  causal: 'mask',
  cacheable: true,
  file: 'src/attention/masks/from-positions.ts',
} as const;

export const fromPositionsForms: readonly FormDeclaration[] = [
  { ...common, name: 'fromPositions', formula: 'f(i, j)', use: 'Any rule that can be written over tensors.' },
  { ...common, name: 'fromTable', formula: 'f(i, j), as a table', use: 'Any rule at all, for texts of bounded length.' },
];
