import { type HeadScore, meanOverQueries } from './score.js';

/** How much a token attends to other copies of itself: the mean, over tokens that stand elsewhere too, of their weight. */
export const duplicateToken: HeadScore = {
  name: 'duplicateToken',
  doc: 'attends to other copies of the current token',
  paper: 'Wang et al. 2022 (IOI), section 3',
  of: 'pattern',
  score: ({ queries, keys, at, queryIds, keyIds, isSelf }) => {
    if (queryIds === undefined || keyIds === undefined || !isSelf) return undefined;
    return meanOverQueries(queries, (q) => {
      let mass: number | undefined;
      for (let k = 0; k < keys; k++) if (k !== q && keyIds[k] === queryIds[q]) mass = (mass ?? 0) + at(q, k);
      return mass === 0 && keyIds.indexOf(queryIds[q] as number) === q ? undefined : mass;
    });
  },
};
