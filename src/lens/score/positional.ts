import { type HeadScore, meanOverQueries } from './score.js';

/** Mean over queries q ≥ 1 of A(q, q − 1). */
export const previousToken: HeadScore = {
  name: 'previousToken',
  doc: 'attends to the token just before',
  paper: 'Elhage et al. 2021',
  of: 'pattern',
  score: ({ queries, at, isSelf }) => (isSelf ? meanOverQueries(queries, (q) => (q === 0 ? undefined : at(q, q - 1))) : undefined),
};

/** Mean over queries of A(q, 0), the first query of a self-attention left out: it may have no other choice. */
export const firstToken: HeadScore = {
  name: 'firstToken',
  doc: 'attends to the first token, an attention sink',
  paper: 'Xiao et al. 2023 (attention sinks)',
  of: 'pattern',
  score: ({ queries, at, isSelf }) => meanOverQueries(queries, (q) => (isSelf && q === 0 ? undefined : at(q, 0))),
};
