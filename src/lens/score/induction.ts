import { type HeadScore, meanOverQueries } from './score.js';

/**
 * How much a token attends to what followed an earlier copy of it: mean over queries q, of those whose token stands elsewhere
 * too, of Σ A(q, k) over keys k with token(k − 1) = token(q), k − 1 ≠ q. On a random block that is repeated this is the weight
 * on the one key a period less one before (Olsson et al. 2022, "prefix matching").
 */
export const induction: HeadScore = {
  name: 'induction',
  doc: 'attends to the token after an earlier copy of the current one',
  paper: 'Olsson et al. 2022',
  of: 'pattern',
  score: ({ queries, keys, at, queryIds, keyIds, isSelf }) => {
    if (!isSelf || queryIds === undefined || keyIds === undefined) return undefined;
    return meanOverQueries(queries, (q) => {
      let mass: number | undefined;
      for (let k = 1; k < keys; k++) if (k - 1 !== q && keyIds[k - 1] === queryIds[q]) mass = (mass ?? 0) + at(q, k);
      // A causal head sees only what lies behind: a copy that is still to come counts for heads that look both ways.
      return mass === 0 && !sawBehind(keyIds, q) ? undefined : mass;
    });
  },
};

/** Whether the token at q stands before q too. */
function sawBehind(ids: readonly number[], q: number): boolean {
  return ids.indexOf(ids[q] as number) < q;
}
