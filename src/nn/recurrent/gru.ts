import type { Dim } from '../../core/index.js';
import { linear, sigmoid, type Tensor, tanh, tap, zeros } from '../../ops/index.js';
import { type RecurrentOptions, type RecurrentResult, recur } from './recur.js';

/** Columns of reset gate, update gate and candidate, in this order. */
export interface GruWeights {
  /** [C,3H] */
  readonly input: Tensor;
  /** [H,3H] */
  readonly hidden: Tensor;
  /** [3H], added to what comes of the input */
  readonly inputBias?: Tensor | undefined;
  /** [3H], added to what comes of the state */
  readonly hiddenBias?: Tensor | undefined;
}

export interface GruOptions extends RecurrentOptions {
  /** [B,H]; zeros by default. */
  readonly initial?: Tensor | undefined;
  /** Whether the reset gate acts on the state itself, before its product (Cho et al. 2014), or after it (as in cuDNN and PyTorch). */
  readonly resetBefore?: boolean | undefined;
  readonly gateActivation?: ((x: Tensor) => Tensor) | undefined;
  readonly candidateActivation?: ((x: Tensor) => Tensor) | undefined;
}

/**
 * The gated recurrent unit (Cho et al. 2014, eq. 5 to 8): r, z = σ(x W + h R + b), n = tanh(x W_n + r ∘ (h R_n + b_n)),
 * h' = (1 − z) ∘ n + z ∘ h. Taps `hidden`, [T,B,H].
 * @param x [T,B,C]
 */
export function gru(x: Tensor, weights: GruWeights, options: GruOptions = {}): RecurrentResult {
  const { initial, resetBefore = false, gateActivation = sigmoid, candidateActivation = tanh, ...how } = options;
  const width = weights.hidden.shape[0] as number;
  const biased = (y: Tensor, bias: Tensor | undefined): Tensor => (bias === undefined ? y : y.add(bias));
  const given = linear(x, weights.input, { bias: weights.inputBias }); // [T,B,3H]
  const apart = (y: Tensor): [Tensor, Tensor] => y.split([2 * width, width], -1) as [Tensor, Tensor];
  const [gateWeight, candidateWeight] = apart(weights.hidden);
  const [gateBias, candidateBias] = weights.hiddenBias === undefined ? [undefined, undefined] : apart(weights.hiddenBias);
  const start = initial ?? zeros([x.shape[1] as Dim, width], x.dtype);
  const step = ([state]: readonly Tensor[], [now]: readonly Tensor[]): readonly Tensor[] => {
    const h = state as Tensor;
    const [gatesNow, candidateNow] = apart(now as Tensor);
    if (resetBefore) {
      const [r, z] = gateActivation(gatesNow.add(biased(h.matmul(gateWeight), gateBias))).split(2, -1) as [Tensor, Tensor];
      const n = candidateActivation(candidateNow.add(biased(r.mul(h).matmul(candidateWeight), candidateBias)));
      return [n.add(z.mul(h.sub(n)))];
    }
    const [gatesPast, candidatePast] = apart(biased(h.matmul(weights.hidden), weights.hiddenBias));
    const [r, z] = gateActivation(gatesNow.add(gatesPast)).split(2, -1) as [Tensor, Tensor];
    const n = candidateActivation(candidateNow.add(r.mul(candidatePast)));
    return [n.add(z.mul(h.sub(n)))];
  };
  const result = recur(step, [start], [given], how);
  return { ...result, outputs: tap('hidden', result.outputs) };
}
