import { fail, HostArray } from '../../core/index.js';
import { type Tensor, where } from '../../ops/index.js';
import { resolvePart } from '../address.js';
import { axesOf } from '../roles.js';
import type { Cut, Where } from './intervention.js';
import type { Kind } from './kind.js';
import type { Choice } from './places.js';

export const cutKind: Kind<Cut> = {
  doc: 'edges between queries and keys: their weights become 0, the rest of the row as it was or scaled to sum to 1 again',
  arrays: ({ edges, renormalise }, choice, name) => {
    const { queries, keys, at, shape } = pairsOf(choice, name);
    const cut = new Uint8Array(queries * keys);
    const touched = new Uint8Array(queries);
    for (const [query, key] of edges) {
      const q = resolvePart({ kind: 'one', at: query }, queries, `${name}, query`)[0];
      const k = resolvePart({ kind: 'one', at: key }, keys, `${name}, key`)[0];
      cut[q * keys + k] = 1;
      touched[q] = 1;
    }
    const sized = (size: number): number[] => shape.map((_, axis) => (axis === at ? queries : axis === at + 1 ? size : 1));
    return {
      edges: new HostArray(cut, sized(keys), 'bool'),
      ...(renormalise && { touched: new HostArray(touched, sized(1), 'bool') }),
    };
  },
  apply: (value, { edges, touched }) => {
    const rest = where(edges as Tensor, 0, value);
    return touched === undefined ? rest : where(touched, renormalised(rest), rest);
  },
  toJson: ({ edges, renormalise }) => ({ edges, renormalise }),
  fromJson: (fields) => ({ edges: fields.pairs('edges'), renormalise: fields.boolean('renormalise') }),
};

/**
 * Cuts edges of attention patterns.
 * @param edges pairs [query, key] of positions; negative ones count from the end
 * @example cut('blocks.1.attention.pattern', [[7, 3]], { heads: [2], renormalise: true })
 */
export function cut(
  at: string,
  edges: readonly (readonly [query: number, key: number])[],
  { renormalise = false, ...rest }: Omit<Where, 'at'> & { readonly renormalise?: boolean } = {},
): Cut {
  return { kind: 'cut', at, edges, renormalise, ...rest };
}

/** Rows that sum to 1 again; a row of nothing stays nothing. */
export function renormalised(weights: Tensor): Tensor {
  const sums = weights.sum({ axis: -1, keep: true });
  return weights.div(where(sums.equal(0), 1, sums));
}

function pairsOf({ site: { name, shape } }: Choice, where: string) {
  const axes = axesOf(name, shape.length);
  const at = axes?.indexOf('position') ?? -1;
  if (!/pattern(#\d+)?$/.test(name) || axes?.[at + 1] !== 'key') {
    throw fail('name', { where, rule: 'edges of attention patterns', got: name, fix: "Cut them at '….attention.pattern'" });
  }
  const [queries, keys] = [shape[at], shape[at + 1]];
  if (typeof queries === 'number' && typeof keys === 'number') return { queries, keys, at, shape };
  throw fail('unsupported', {
    where,
    path: name,
    rule: 'edges in a text of known length',
    got: 'a text that grows',
    fix: 'Cut them under the lens',
  });
}
