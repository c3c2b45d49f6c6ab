import { eigenvalues } from '../algebra/eigenvalues.js';
import type { HeadScore } from './score.js';

/**
 * Whether what a head moves raises the scores of the very tokens it is moved from: Σ Re λ / Σ |λ| over the eigenvalues of its
 * full OV circuit W_E W_V W_O W_U, from −1 to 1 (Elhage et al. 2021, "Summarizing OV/QK matrices"). That is [V,V] of rank D, so
 * its eigenvalues other than zero are those of W_O (W_U W_E) W_V, [D,D].
 */
export const copying: HeadScore = {
  name: 'copying',
  doc: 'moves tokens to raise their own scores: −1 to 1, by the eigenvalues of its OV circuit',
  paper: 'Elhage et al. 2021',
  of: 'circuit',
  score: (circuit) => {
    const { real, imaginary } = eigenvalues(circuit);
    const total = real.reduce((sum, x, i) => sum + Math.hypot(x, imaginary[i] as number), 0);
    return total === 0 ? 0 : real.reduce((a, b) => a + b, 0) / total;
  },
};
