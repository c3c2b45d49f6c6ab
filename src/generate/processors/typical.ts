import { Ranking } from '../ranking.js';
import { type LogitsProcessor, only, softmax } from './processor.js';

/**
 * Locally typical sampling: only the fewest tokens of mass at least τ whose information is nearest to what is to be
 * expected: sorted by |H − (−log p_i)|, H = −Σ p log p in nats (Meister, Pimentel, Wiher and Cotterell 2022, "Locally
 * Typical Sampling", eq. 9). The likeliest token may be left out: it can say too little.
 * @param mass τ in (0, 1]
 */
export function typical(mass: number): LogitsProcessor {
  return (scores) => {
    const p = softmax(scores);
    let entropy = 0;
    for (const x of p) if (x > 0) entropy -= x * Math.log(x);
    const ranking = new Ranking(p.map((x) => (x > 0 ? -Math.abs(-Math.log(x) - entropy) : Number.NEGATIVE_INFINITY)));
    const kept: number[] = [];
    for (let held = 0; kept.length < p.length && held < mass; ) {
      const id = ranking.next() as number;
      kept.push(id);
      held += p[id] as number;
    }
    return only(scores, kept);
  };
}
