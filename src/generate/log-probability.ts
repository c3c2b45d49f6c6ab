import { exponentialSum } from './exponential-sum.js';
import { Ranking } from './ranking.js';
import { argmax } from './sampling.js';

/** A token that might have come. */
export interface Alternative {
  readonly id: number;
  /** log p(id) under the model itself. */
  readonly logprob: number;
}

/**
 * log p(id) under the model itself: log softmax of the logits as they are, whatever temperature, topK or topP chose.
 * @param logits [V]
 */
export function logProbability(logits: Float32Array, id: number): number {
  return logProbabilities(logits)(id);
}

/** The likeliest tokens under the model itself, the likeliest first, of equal ones the lowest id. @param logits [V] */
export function alternatives(logits: Float32Array, count: number): Alternative[] {
  const logprob = logProbabilities(logits);
  const ranking = new Ranking(logits);
  return Array.from({ length: Math.min(count, logits.length) }, () => {
    const id = ranking.next() as number;
    return { id, logprob: logprob(id) };
  });
}

/** id → log p(id); what all ids share is computed once. */
export function logProbabilities(logits: Float32Array | Float64Array): (id: number) => number {
  const top = logits[argmax(logits)] as number;
  const logSum = Math.log(exponentialSum(logits, top));
  return (id) => (logits[id] as number) - top - logSum;
}
