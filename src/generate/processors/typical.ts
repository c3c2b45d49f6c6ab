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
    const shift = p.map((x) => (x > 0 ? Math.abs(-Math.log(x) - entropy) : Number.POSITIVE_INFINITY));
    const furthest = reach(p, shift, mass);
    const kept: number[] = [];
    let held = 0;
    const keep = (id: number): void => {
      kept.push(id);
      held += p[id] as number;
    };
    for (let id = 0; id < p.length; id++) if ((shift[id] as number) < furthest) keep(id);
    for (let id = 0; id < p.length && held < mass; id++) if (shift[id] === furthest) keep(id);
    return only(scores, kept);
  };
}

/**
 * The smallest shift such that all tokens up to it hold the mass: by bisection over the sorted shifts, since most of a
 * large vocabulary may be typical, and taking so many from a heap would be slow.
 */
function reach(p: Float64Array, shift: Float64Array, mass: number): number {
  const sorted = shift.slice().sort();
  let low = 0;
  let high = sorted.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    let held = 0;
    for (let id = 0; id < p.length; id++) if ((shift[id] as number) <= (sorted[middle] as number)) held += p[id] as number;
    if (held >= mass) high = middle;
    else low = middle + 1;
  }
  return sorted[low] as number;
}
