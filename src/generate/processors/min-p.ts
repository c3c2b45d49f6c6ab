import { highest, type LogitsProcessor } from './processor.js';

/**
 * Only tokens at least a share as likely as the likeliest: p_i ≥ share · max p (Nguyen et al. 2024, "Turning Up the Heat:
 * Min-p Sampling for Creative and Coherent LLM Outputs"; their p_base is our share). A sure model leaves few, an unsure
 * one many.
 * @param share in [0, 1]
 */
export function minP(share: number): LogitsProcessor {
  return (scores) => {
    const top = highest(scores);
    return scores.map((x) => (Math.exp(x - top) >= share ? x : Number.NEGATIVE_INFINITY));
  };
}
