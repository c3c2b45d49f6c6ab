import { Ranking } from '../ranking.js';
import { highest, type LogitsProcessor, only } from './processor.js';

/**
 * Nucleus sampling: only the fewest, likeliest tokens whose probabilities add up to at least p (Holtzman et al. 2020,
 * "The Curious Case of Neural Text Degeneration", eq. 2).
 * @param p in (0, 1]
 */
export function topP(p: number): LogitsProcessor {
  return (scores) => {
    const top = highest(scores);
    let total = 0;
    for (const x of scores) total += Math.exp(x - top);
    const ranking = new Ranking(scores);
    const kept: number[] = [];
    for (let mass = 0; kept.length < scores.length && mass < p * total; ) {
      const id = ranking.next() as number;
      kept.push(id);
      mass += Math.exp((scores[id] as number) - top);
    }
    return only(scores, kept);
  };
}
