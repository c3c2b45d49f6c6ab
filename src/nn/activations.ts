import { fail } from '../core/index.js';
import { gelu, relu, sigmoid, silu, type Tensor, tanh } from '../ops/index.js';

/** Activation functions by the names Hugging Face's configs give them. */
export const activations = {
  gelu: (x: Tensor) => gelu(x),
  gelu_new: (x: Tensor) => gelu(x, { approximate: true }),
  gelu_pytorch_tanh: (x: Tensor) => gelu(x, { approximate: true }),
  /** The identity. */
  linear: (x: Tensor) => x,
  relu,
  sigmoid,
  silu,
  swish: silu,
  tanh,
} as const;

export type ActivationName = keyof typeof activations;

/** @throws name: an activation we do not know; known ones are listed */
export function activation(name: string): (x: Tensor) => Tensor {
  if (!Object.hasOwn(activations, name)) {
    throw fail('name', { where: 'activation', rule: `one of ${Object.keys(activations).join(', ')}`, got: JSON.stringify(name) });
  }
  return activations[name as ActivationName];
}
