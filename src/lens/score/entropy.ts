import { type HeadScore, meanOverQueries } from './score.js';

/** Mean over queries of −Σ_k A(q, k) ln A(q, k), in nats: 0 where one key has all the weight, ln S where all have the same. */
export const entropy: HeadScore = {
  name: 'entropy',
  doc: 'spreads its attention: nats, 0 for one key alone',
  of: 'pattern',
  score: ({ queries, keys, at }) =>
    meanOverQueries(queries, (q) => {
      let sum = 0;
      for (let k = 0; k < keys; k++) {
        const a = at(q, k);
        if (a > 0) sum -= a * Math.log(a);
      }
      return sum;
    }),
};
