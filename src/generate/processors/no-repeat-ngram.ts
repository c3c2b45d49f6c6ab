import type { LogitsProcessor } from './processor.js';

/**
 * No n tokens in a row twice: a token is out where it would complete n tokens that the history, the prompt included,
 * already holds (Paulus, Xiong and Socher 2018, "A Deep Reinforced Model for Abstractive Summarization", section 2.5,
 * with n = 3).
 * @param n ≥ 1; 1 forbids every token of the history
 */
export function noRepeatNgram(n: number): LogitsProcessor {
  return (scores, history) => {
    const length = history.length;
    if (length < n) return scores;
    const out = scores.slice();
    const begun = length - (n - 1); // where the last n − 1 tokens begin
    for (let at = 0; at + n <= length; at++) {
      let i = 0;
      while (i < n - 1 && history[at + i] === history[begun + i]) i++;
      if (i === n - 1) out[history[at + n - 1] as number] = Number.NEGATIVE_INFINITY;
    }
    return out;
  };
}
