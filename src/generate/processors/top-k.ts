import { Ranking } from '../ranking.js';
import { type LogitsProcessor, only } from './processor.js';

/**
 * Only the k likeliest tokens, of equal ones the lowest ids (Fan, Lewis and Dauphin 2018, "Hierarchical Neural Story
 * Generation").
 * @param k ≥ 1
 */
export function topK(k: number): LogitsProcessor {
  return (scores) => {
    if (k >= scores.length) return scores;
    const ranking = new Ranking(scores);
    return only(
      scores,
      Array.from({ length: k }, () => ranking.next() as number),
    );
  };
}
