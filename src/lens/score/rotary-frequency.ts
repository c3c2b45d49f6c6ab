import type { HeadScore } from './score.js';

/**
 * Radians a token of the rotary pair that a head uses most: the pair i with the largest mean |q_i| · mean |k_i|, which bounds
 * what it can add to a score (Barbero et al. 2024, "Round and Round We Go!", section 3). A high frequency tells neighbours apart,
 * a low one matches content at any distance.
 */
export const rotaryFrequency: HeadScore = {
  name: 'rotaryFrequency',
  doc: 'the frequency its queries and keys use most, in radians a token: high for position, low for content',
  paper: 'Barbero et al. 2024',
  of: 'vectors',
  score: ({ query, key, width, radians, interleaved }) => {
    const pairs = radians.length;
    const norms = (rows: Float32Array, pair: number): number => {
      const [first, second] = interleaved ? [2 * pair, 2 * pair + 1] : [pair, pair + pairs];
      let sum = 0;
      for (let at = 0; at < rows.length; at += width) sum += Math.hypot(rows[at + first] as number, rows[at + second] as number);
      return sum / (rows.length / width);
    };
    const products = Array.from({ length: pairs }, (_, i) => norms(query, i) * norms(key, i));
    return radians[products.indexOf(Math.max(...products))];
  },
};
