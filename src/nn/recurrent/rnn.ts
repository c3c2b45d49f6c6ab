import type { Dim } from '../../core/index.js';
import { linear, type Tensor, tanh, tap, zeros } from '../../ops/index.js';
import { type RecurrentOptions, type RecurrentResult, recur } from './recur.js';

export interface RnnWeights {
  /** [C,H] */
  readonly input: Tensor;
  /** [H,H] */
  readonly hidden: Tensor;
  /** [H] */
  readonly bias?: Tensor | undefined;
}

export interface RnnOptions extends RecurrentOptions {
  /** [B,H]; zeros by default. */
  readonly initial?: Tensor | undefined;
  /** tanh by default. */
  readonly activation?: ((x: Tensor) => Tensor) | undefined;
}

/**
 * The simple recurrent network (Elman 1990): h_t = tanh(x_t W + h_{t−1} R + b).
 * What depends on the inputs alone is one product for all steps. Taps `hidden`, [T,B,H].
 * @param x [T,B,C]
 */
export function rnn(x: Tensor, weights: RnnWeights, { initial, activation = tanh, ...options }: RnnOptions = {}): RecurrentResult {
  const given = linear(x, weights.input, { bias: weights.bias }); // [T,B,H]
  const start = initial ?? zeros([x.shape[1] as Dim, weights.hidden.shape[0] as Dim], x.dtype);
  const result = recur(([h], [now]) => [activation((now as Tensor).add((h as Tensor).matmul(weights.hidden)))], [start], [given], options);
  return { ...result, outputs: tap('hidden', result.outputs) };
}
