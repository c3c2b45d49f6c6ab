import { fail } from '../../../core/index.js';
import { abs, clip, exp, log, maximum, minimum, relu, sigmoid, type Tensor, tanh, where } from '../../../ops/index.js';
import type { Attributes } from '../operator.js';

export type Activation = (x: Tensor) => Tensor;

/** An activation with its α and β; a default where it has such a number at all. */
interface Named {
  readonly alpha?: number;
  readonly beta?: number;
  readonly of: (x: Tensor, alpha: number, beta: number) => Tensor;
}

/** The activations that ONNX's recurrent operators may name, with the engine's α and β where nothing is said. */
const named: Readonly<Record<string, Named>> = {
  Affine: { alpha: 1, beta: 0, of: (x, alpha, beta) => x.mul(alpha).add(beta) },
  Elu: { alpha: 1, of: (x, alpha) => maximum(x, 0).add(exp(minimum(x, 0)).sub(1).mul(alpha)) },
  HardSigmoid: { alpha: 0.2, beta: 0.5, of: (x, alpha, beta) => clip(x.mul(alpha).add(beta), 0, 1) },
  LeakyRelu: { alpha: 0.01, of: (x, alpha) => where(x.less(0), x.mul(alpha), x) },
  Relu: { of: relu },
  ScaledTanh: { alpha: 1, beta: 1, of: (x, alpha, beta) => tanh(x.mul(beta)).mul(alpha) },
  Sigmoid: { of: sigmoid },
  // log(1 + e^x) without overflow.
  Softplus: { of: (x) => maximum(x, 0).add(log(exp(abs(x).neg()).add(1))) },
  Softsign: { of: (x) => x.div(abs(x).add(1)) },
  Tanh: { of: tanh },
  ThresholdedRelu: { alpha: 1, of: (x, alpha) => where(x.greaterEqual(alpha), x, 0) },
};

/**
 * The activations of all directions, in order. `activation_alpha` and `activation_beta` go to those that have such a number,
 * in order; `clip` bounds what every activation is given.
 * @throws value: an activation that ONNX does not know
 */
export function activationsOf(attributes: Attributes, defaults: readonly string[]): readonly Activation[] {
  const alphas = [...(attributes.numbers('activation_alpha') ?? [])];
  const betas = [...(attributes.numbers('activation_beta') ?? [])];
  const bound = attributes.number('clip');
  return (attributes.texts('activations') ?? defaults).map((name): Activation => {
    const key = Object.keys(named).find((known) => known.toLowerCase() === name.toLowerCase());
    if (key === undefined) throw fail('value', { where: 'attribute activations', rule: Object.keys(named).join(', '), got: name });
    const { alpha, beta, of } = named[key] as Named;
    const a = alpha === undefined ? 0 : (alphas.shift() ?? alpha);
    const b = beta === undefined ? 0 : (betas.shift() ?? beta);
    return (x) => of(bound === undefined ? x : clip(x, -bound, bound), a, b);
  });
}
