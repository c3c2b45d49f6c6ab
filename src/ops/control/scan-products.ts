import { equalShapes } from '../../core/index.js';
import type { MatmulAttrs } from '../matrix/matmul.js';
import type { Tensor } from '../tensor.js';

/** A part of a gradient whose sum over the steps can be computed after them, from operands stacked over the steps. */
export interface StepProduct {
  readonly operands: readonly Tensor[];
  /** @param stacked [T,…] each operand over all steps @returns the sum over the steps */
  overSteps(stacked: readonly Tensor[]): Tensor;
}

/**
 * Takes a step's gradient apart: terms aᵀ g of matrices become one product of all steps' rows, Σ_t a_tᵀ g_t = Aᵀ G, and
 * sums of rows one sum; what remains must be summed step by step.
 * @param carried nothing is to be stacked: everything remains
 */
export function productsOfSteps(
  gradient: Tensor,
  carried: boolean,
): { readonly terms: readonly StepProduct[]; readonly rest: Tensor | undefined } {
  if (carried) return { terms: [], rest: gradient };
  const terms: StepProduct[] = [];
  let rest: Tensor | undefined;
  for (const term of addends(gradient)) {
    const product = asProduct(term) ?? asSum(term);
    if (product !== undefined) terms.push(product);
    else rest = rest === undefined ? term : rest.add(term);
  }
  return { terms, rest };
}

/** The terms of a sum of equal shapes, however it is bracketed. */
function addends(t: Tensor): Tensor[] {
  if (t.node.op.name !== 'add') return [t];
  const [a, b] = t.node.inputs as [Tensor, Tensor];
  return equalShapes(a.shape, t.shape) && equalShapes(b.shape, t.shape) ? [...addends(a), ...addends(b)] : [t];
}

function asProduct(t: Tensor): StepProduct | undefined {
  const [a, g] = t.node.inputs;
  const { transposeA, transposeB, scale } = t.node.attrs as unknown as MatmulAttrs;
  if (t.node.op.name !== 'matmul' || a?.rank !== 2 || g?.rank !== 2 || !transposeA || transposeB) return undefined;
  const rows = (x: Tensor): Tensor => x.reshape([-1, x.shape[2] as number]);
  return { operands: [a, g], overSteps: ([x, y]) => rows(x as Tensor).matmul(rows(y as Tensor), { transposeA: true, scale }) };
}

function asSum(t: Tensor): StepProduct | undefined {
  const [x] = t.node.inputs;
  const { axes, keep } = t.node.attrs as { axes?: readonly number[]; keep?: boolean };
  if (t.node.op.name !== 'sum' || x === undefined || keep || axes?.length !== 1 || axes[0] !== 0) return undefined;
  return { operands: [x], overSteps: ([all]) => (all as Tensor).sum({ axis: [0, 1] }) };
}
