import type { Dim } from '../../core/index.js';
import { linear, sigmoid, type Tensor, tanh, tap, zeros } from '../../ops/index.js';
import { type RecurrentOptions, type RecurrentResult, recur } from './recur.js';

/** Columns of input gate, forget gate, candidate and output gate, in this order. */
export interface LstmWeights {
  /** [C,4H] */
  readonly input: Tensor;
  /** [H,4H] */
  readonly hidden: Tensor;
  /** [4H] */
  readonly bias?: Tensor | undefined;
  /** [H] each: gates that also see the cell (Gers and Schmidhuber 2000), the output gate the new one. */
  readonly peepholes?: { readonly input: Tensor; readonly forget: Tensor; readonly output: Tensor } | undefined;
}

export interface LstmOptions extends RecurrentOptions {
  /** [B,H] each; zeros by default. */
  readonly initial?: { readonly hidden: Tensor; readonly cell: Tensor } | undefined;
  readonly gateActivation?: ((x: Tensor) => Tensor) | undefined;
  readonly candidateActivation?: ((x: Tensor) => Tensor) | undefined;
  readonly outputActivation?: ((x: Tensor) => Tensor) | undefined;
  /** One gate for both: f = 1 − i (Greff et al. 2015, "CIFG"). */
  readonly coupled?: boolean | undefined;
}

/**
 * Long short-term memory (Hochreiter and Schmidhuber 1997; forget gate: Gers et al. 2000): i, f, o = σ(x W + h R + b),
 * g = tanh(x W_g + h R_g + b_g), c' = f ∘ c + i ∘ g, h' = o ∘ tanh(c'). State: hidden, cell. Taps `hidden`, [T,B,H].
 * @param x [T,B,C]
 */
export function lstm(x: Tensor, weights: LstmWeights, options: LstmOptions = {}): RecurrentResult {
  const { initial, gateActivation = sigmoid, candidateActivation = tanh, outputActivation = tanh, coupled = false, ...how } = options;
  const width = weights.hidden.shape[0] as number;
  const given = linear(x, weights.input, { bias: weights.bias }); // [T,B,4H]
  const start = (): Tensor => zeros([x.shape[1] as Dim, width], x.dtype);
  const peek = weights.peepholes;
  const step = ([hidden, cell]: readonly Tensor[], [now]: readonly Tensor[]): readonly Tensor[] => {
    const c = cell as Tensor;
    const all = (now as Tensor).add((hidden as Tensor).matmul(weights.hidden));
    const [toInput, toForget, toCandidate, toOutput] = all.split(4, -1) as [Tensor, Tensor, Tensor, Tensor];
    const seen = (gate: Tensor, by: Tensor | undefined, what: Tensor): Tensor =>
      gateActivation(by === undefined ? gate : gate.add(by.mul(what)));
    const i = seen(toInput, peek?.input, c);
    const f = coupled ? i.mul(-1).add(1) : seen(toForget, peek?.forget, c);
    const next = f.mul(c).add(i.mul(candidateActivation(toCandidate)));
    const o = seen(toOutput, peek?.output, next);
    return [o.mul(outputActivation(next)), next];
  };
  const result = recur(step, [initial?.hidden ?? start(), initial?.cell ?? start()], [given], how);
  return { ...result, outputs: tap('hidden', result.outputs) };
}
