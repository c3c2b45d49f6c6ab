import { fail, randomKey, uniform } from '../core/index.js';
import { everyId } from './ranking.js';
import { checkSampling, filtersOf, penaltiesOf, type SamplingOptions } from './sampling-options.js';

/** The tokens that may come next, and how likely each is; the probabilities add up to 1. */
export interface Candidates {
  readonly ids: Int32Array;
  readonly probabilities: Float64Array;
}

/**
 * The logits after the penalties, [V] float64.
 * @param history the ids so far
 * @throws numeric: a logit is NaN; value: no token is left
 */
export function penalised(logits: Float32Array, options: SamplingOptions, history: ArrayLike<number>): Float64Array {
  argmax(logits);
  const scores = penaltiesOf(options).reduce<Float64Array>((scores, step) => step(scores, history), new Float64Array(logits));
  if (scores[argmax(scores)] === Number.NEGATIVE_INFINITY) {
    throw fail('value', {
      where: 'sampling',
      rule: 'at least one token that may come next',
      got: `all ${scores.length} forbidden after ${history.length} tokens`,
      fix: 'Forbid less: a larger noRepeatNgram, say',
    });
  }
  return scores;
}

/**
 * p_i ∝ e^(logits_i / temperature) over the tokens that the options leave (see `SamplingOptions` for their order); the
 * likelier of two tokens, at equal logits the one of the lower id, is taken first. The likeliest first where topK or topP
 * is given, else by id.
 * @param logits [V] @param history the ids so far, for penalties
 * @throws value: bad options, no token left; numeric: a logit is NaN
 */
export function candidates(logits: Float32Array, options: SamplingOptions = {}, history: ArrayLike<number> = []): Candidates {
  checkSampling(options);
  if (options.temperature === 0 && penaltiesOf(options).length === 0) {
    // Nothing but the largest logit is asked for: one pass over the vocabulary instead of four.
    const best = argmax(logits);
    if (logits[best] !== Number.NEGATIVE_INFINITY) return { ids: Int32Array.of(best), probabilities: Float64Array.of(1) };
  }
  const penalties = penalised(logits, options, history);
  if (options.temperature === 0) return { ids: Int32Array.of(argmax(penalties)), probabilities: Float64Array.of(1) };
  const scores = filtersOf(options).reduce<Float64Array>((scores, step) => step(scores, history), penalties);
  const top = scores[argmax(scores)] as number;
  const ids = everyId(scores.length).filter((id) => (scores[id] as number) > Number.NEGATIVE_INFINITY);
  if (options.topK !== undefined || options.topP !== undefined) ids.sort(likelierFirst(scores));
  const weights = new Float64Array(ids.length);
  for (let i = 0; i < ids.length; i++) weights[i] = Math.exp((scores[ids[i] as number] as number) - top);
  return normalised(ids, weights);
}

function likelierFirst(scores: Float64Array): (a: number, b: number) => number {
  return (a, b) => (scores[b] as number) - (scores[a] as number) || a - b;
}

/** The same as a probability for every token, [V]. */
export function probabilities(logits: Float32Array, options: SamplingOptions = {}, history: ArrayLike<number> = []): Float64Array {
  const all = new Float64Array(logits.length);
  const chosen = candidates(logits, options, history);
  chosen.ids.forEach((id, i) => {
    all[id] = chosen.probabilities[i] as number;
  });
  return all;
}

/**
 * One token, drawn by the n-th number of the seed's stream: the same logits, seed and n give the same token anywhere.
 * @param logits [V] @param n how many tokens were drawn before @param history the ids so far, for penalties
 */
export function sample(
  logits: Float32Array,
  options: SamplingOptions & { readonly seed?: number } = {},
  n = 0,
  history: ArrayLike<number> = [],
): number {
  const { ids, probabilities: p } = candidates(logits, options, history);
  let left = uniform(randomKey(options.seed ?? 0, 'sample', n), 0);
  for (let i = 0; i < p.length; i++) {
    left -= p[i] as number;
    if (left < 0) return ids[i] as number;
  }
  // Rounding may leave a little: it belongs to the last token that can be drawn.
  return ids[p.findLastIndex((x) => x > 0)] as number;
}

/** The token of the largest logit, of equal ones the first. @throws numeric: a logit is NaN */
export function argmax(logits: Float32Array | Float64Array): number {
  let best = 0;
  let top = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < logits.length; i++) {
    const value = logits[i] as number;
    if (value <= top) continue;
    // Greater, or no number: of all comparisons with NaN none holds.
    if (Number.isNaN(value)) {
      throw fail('numeric', {
        where: 'sampling',
        rule: 'logits are numbers',
        got: `NaN for token ${i}`,
        fix: 'Run with check to find where it began',
      });
    }
    best = i;
    top = value;
  }
  return best;
}

function normalised(ids: Int32Array, weights: Float64Array): Candidates {
  let total = 0;
  for (const w of weights) total += w;
  return { ids, probabilities: weights.map((w) => w / total) };
}
