import { fail, randomKey, uniform } from '../core/index.js';
import { everyId, Ranking } from './ranking.js';

export interface SamplingOptions {
  /** Divides the logits; 1 by default. 0 is greedy: always the likeliest token. */
  readonly temperature?: number;
  /** Only the k likeliest tokens (Fan et al. 2018). */
  readonly topK?: number;
  /** Only the fewest tokens whose probabilities, after `topK`, add up to at least p (nucleus sampling, Holtzman et al. 2020). */
  readonly topP?: number;
}

/** The tokens that may come next, and how likely each is; the probabilities add up to 1. */
export interface Candidates {
  readonly ids: Int32Array;
  readonly probabilities: Float64Array;
}

/** @throws value: a temperature below 0, a topK that is not a whole number from 1, a topP outside (0, 1] */
export function checkSampling({ temperature = 1, topK, topP }: SamplingOptions): void {
  const refuse = (rule: string, got: number): never => {
    throw fail('value', { where: 'sampling', rule, got: String(got) });
  };
  if (!(temperature >= 0 && temperature < Number.POSITIVE_INFINITY)) refuse('temperature is a number from 0', temperature);
  if (topK !== undefined && !(Number.isInteger(topK) && topK >= 1)) refuse('topK is a whole number from 1', topK);
  if (topP !== undefined && !(topP > 0 && topP <= 1)) refuse('topP is above 0 and at most 1', topP);
}

/**
 * p_i ∝ e^(logits_i / temperature) over the tokens that topK, then topP leave; the likelier of two tokens, at equal
 * logits the one of the lower id, is taken first. By id where neither is given, else the likeliest first.
 * @param logits [V]
 * @throws value: bad options; numeric: a logit is NaN
 */
export function candidates(logits: Float32Array, options: SamplingOptions = {}): Candidates {
  checkSampling(options);
  const { temperature = 1, topK = logits.length, topP = 1 } = options;
  const best = argmax(logits);
  if (temperature === 0) return { ids: Int32Array.of(best), probabilities: Float64Array.of(1) };
  const top = logits[best] as number;
  const weight = (id: number): number => Math.exp(((logits[id] as number) - top) / temperature);
  if (topK >= logits.length && topP === 1) {
    const weights = new Float64Array(logits.length);
    for (let id = 0; id < logits.length; id++) weights[id] = weight(id);
    return normalised(everyId(logits.length), weights);
  }
  return likeliest(logits, weight, Math.min(topK, logits.length), topP);
}

/** The `count` likeliest tokens, then the fewest of them that hold the share `topP` of their mass. */
function likeliest(logits: Float32Array, weight: (id: number) => number, count: number, topP: number): Candidates {
  const ranking = new Ranking(logits);
  const ids: number[] = [];
  const weights: number[] = [];
  const take = (): void => {
    const id = ranking.next() as number;
    ids.push(id);
    weights.push(weight(id));
  };
  let total = 0;
  if (count < logits.length) {
    while (ids.length < count) take();
    total = weights.reduce((a, b) => a + b, 0);
  } else for (let id = 0; id < logits.length; id++) total += weight(id);
  let kept = 0;
  for (let mass = 0; kept < count && mass < topP * total; kept++) {
    if (kept === ids.length) take();
    mass += weights[kept] as number;
  }
  return normalised(Int32Array.from(ids.slice(0, kept)), Float64Array.from(weights.slice(0, kept)));
}

/** The same as a probability for every token, [V]. */
export function probabilities(logits: Float32Array, options: SamplingOptions = {}): Float64Array {
  const all = new Float64Array(logits.length);
  const chosen = candidates(logits, options);
  chosen.ids.forEach((id, i) => {
    all[id] = chosen.probabilities[i] as number;
  });
  return all;
}

/**
 * One token, drawn by the n-th number of the seed's stream: the same logits, seed and n give the same token anywhere.
 * @param logits [V] @param n how many tokens were drawn before
 */
export function sample(logits: Float32Array, options: SamplingOptions & { readonly seed?: number } = {}, n = 0): number {
  const { ids, probabilities: p } = candidates(logits, options);
  let left = uniform(randomKey(options.seed ?? 0, 'sample', n), 0);
  for (let i = 0; i < p.length; i++) {
    left -= p[i] as number;
    if (left < 0) return ids[i] as number;
  }
  // Rounding may leave a little: it belongs to the last token that can be drawn.
  return ids[p.findLastIndex((x) => x > 0)] as number;
}

/**
 * log p(id) under the model itself: log softmax of the logits as they are, whatever temperature, topK or topP chose.
 * @param logits [V]
 */
export function logProbability(logits: Float32Array, id: number): number {
  const top = logits[argmax(logits)] as number;
  let sum = 0;
  for (let i = 0; i < logits.length; i++) sum += Math.exp((logits[i] as number) - top);
  return (logits[id] as number) - top - Math.log(sum);
}

/** The token of the largest logit, of equal ones the first. @throws numeric: a logit is NaN */
export function argmax(logits: Float32Array): number {
  let best = 0;
  for (let i = 0; i < logits.length; i++) {
    const value = logits[i] as number;
    if (Number.isNaN(value)) {
      throw fail('numeric', {
        where: 'sampling',
        rule: 'logits are numbers',
        got: `NaN for token ${i}`,
        fix: 'Run with check to find where it began',
      });
    }
    if (value > (logits[best] as number)) best = i;
  }
  return best;
}

function normalised(ids: Int32Array, weights: Float64Array): Candidates {
  let total = 0;
  for (const w of weights) total += w;
  return { ids, probabilities: weights.map((w) => w / total) };
}
