import { type Dim, equalShapes, fail, formatShape } from '../../core/index.js';
import type { FormDeclaration } from '../../nn/index.js';
import { exp, formatSpec, type Tensor } from '../../ops/index.js';
import { repeatHeads } from '../groups.js';
import type { Score } from '../parts.js';
import { scaledDotProductScore } from './dot-product.js';

/** κ(q_i, k_j) ≥ 0 of all pairs: [B,H,T,D], [B,H,S,D] → [B,H,T,S]. */
export type Kernel = (query: Tensor, key: Tensor) => Tensor;

/**
 * s_ij = κ(q_i, k_j), any kernel of queries and keys; with `kernelNormaliser` attention is a kernel smoother (Tsai et al.
 * 2019, "Transformer Dissection", eq. 2–3). Key heads are repeated first, so that a kernel need not know of groups.
 *
 * A kernel must not be negative, and a bias would be added to it, not to its logarithm.
 * @example new Attention({ score: kernelScore((q, k) => square(matmul(q, k, { transposeB: true }))), normaliser: kernelNormaliser })
 * @throws shape: when called, a kernel whose result is not [B,H,T,S]
 */
export function kernelScore(kernel: Kernel): Score {
  return (query, key) => {
    const [batch, heads, queries] = query.shape as [Dim, number, Dim];
    const values = kernel(query, repeatHeads(key, heads));
    const shape = [batch, heads, queries, key.shape[2] as Dim];
    if (equalShapes(values.shape, shape)) return values;
    const rule = `a kernel with a value for every pair, ${formatShape(shape)}`;
    throw fail('shape', { where: 'kernelScore', rule, got: formatSpec(values) });
  };
}

/**
 * s_ij = e^{s′_ij}: the exponential kernel of a score, q·k/√D by default. With `kernelNormaliser` it is softmax exactly
 * (Tsai et al. 2019, eq. 3), but for scores above 88, whose exponentials float32 cannot hold: softmax takes the largest off.
 */
export function exponentialKernel(score: Score = scaledDotProductScore()): Score {
  return (query, key, places) => exp(score(query, key, places));
}

const common = {
  paper: 'Tsai et al. 2019, eq. 2–3',
  memory: 'T·S',
  exact: true,
  causal: 'mask',
  cacheable: true,
  file: 'src/attention/scores/kernel.ts',
} as const;

export const kernelForms: readonly FormDeclaration[] = [
  {
    ...common,
    name: 'kernelScore',
    formula: 's_ij = κ(q_i, k_j)',
    time: 'the kernel’s',
    use: 'Trying any similarity in the place of the exponential.',
  },
  {
    ...common,
    name: 'exponentialKernel',
    formula: 's_ij = e^{s′_ij}',
    time: 'T·S·D',
    use: 'Seeing softmax as the kernel smoother that it is.',
  },
];
