import { fail, flattenTree, type Tree } from '../core/index.js';
import { Tensor } from '../ops/index.js';
import { gradients } from './gradients.js';

const isTensor = (x: unknown): x is Tensor => x instanceof Tensor;

/** A function whose value is a scalar loss. */
export type LossFunction<First extends Tree<Tensor>, Rest extends readonly unknown[]> = (first: First, ...rest: Rest) => Tensor;

/**
 * The function that returns the loss and its gradients by the first argument (a tensor, or a nested object of tensors).
 * @example const step = compile(valueAndGrad((w, x) => ops.square(ops.matmul(x, w)).mean()));
 */
export function valueAndGrad<First extends Tree<Tensor>, Rest extends readonly unknown[]>(
  loss: LossFunction<First, Rest>,
): (first: First, ...rest: Rest) => { value: Tensor; grads: First } {
  return (first, ...rest) => {
    const flat = flattenTree<Tensor>(first, isTensor);
    const value = loss(first, ...rest);
    if (!isTensor(value)) throw fail('value', { where: 'valueAndGrad', rule: 'the function returns a scalar tensor', got: typeof value });
    return { value, grads: flat.rebuild(gradients(value, flat.leaves)) as First };
  };
}

/** The function that returns the gradients of the loss by its first argument. */
export function grad<First extends Tree<Tensor>, Rest extends readonly unknown[]>(
  loss: LossFunction<First, Rest>,
): (first: First, ...rest: Rest) => First {
  const both = valueAndGrad(loss);
  return (first, ...rest) => both(first, ...rest).grads;
}
