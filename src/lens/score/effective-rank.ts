import { type Matrix, transposed } from '../algebra/matrix.js';
import { singularValuesOfProduct } from '../algebra/symmetric.js';
import type { HeadScore } from './score.js';

/** exp of the entropy of σ_i / Σσ: how many dimensions a matrix uses (Roy and Vetterli 2007, section 2). */
export function effectiveRank(singularValues: ArrayLike<number>): number {
  const values = Array.from(singularValues);
  const total = values.reduce((a, b) => a + b, 0);
  if (total === 0) return 0;
  return Math.exp(-values.reduce((sum, x) => (x > 0 ? sum + (x / total) * Math.log(x / total) : sum), 0));
}

function ofProduct(a: Matrix, b: Matrix): number {
  return effectiveRank(singularValuesOfProduct(a, b));
}

export const effectiveRankOV: HeadScore = {
  name: 'effectiveRankOV',
  doc: 'how many directions it moves: the effective rank of W_V W_O, from 1 to the head width',
  paper: 'Roy and Vetterli 2007',
  of: 'weights',
  score: ({ value, output }) => ofProduct(value, output),
};

export const effectiveRankQK: HeadScore = {
  name: 'effectiveRankQK',
  doc: 'how many directions decide where it looks: the effective rank of W_Q W_Kᵀ',
  paper: 'Roy and Vetterli 2007',
  of: 'weights',
  score: ({ query, key }) => ofProduct(query, transposed(key)),
};
