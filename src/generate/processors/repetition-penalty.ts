import type { LogitsProcessor } from './processor.js';

/**
 * Makes every token of the history less likely, once however often it stands there: x_i → x_i / θ where x_i > 0, else
 * x_i · θ (Keskar et al. 2019, "CTRL", section 4.1; they divide by θ whatever the sign, which would make tokens of
 * negative logits likelier, so the sign is looked at, as is common since).
 * @param penalty θ > 0; above 1 against repetition, below 1 for it
 */
export function repetitionPenalty(penalty: number): LogitsProcessor {
  return (scores, history) => {
    const out = scores.slice();
    for (const id of new Set(Array.from(history))) {
      const x = scores[id] as number;
      out[id] = x > 0 ? x / penalty : x * penalty;
    }
    return out;
  };
}
