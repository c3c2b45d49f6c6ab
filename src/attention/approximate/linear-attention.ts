import type { FormDeclaration } from '../../nn/index.js';
import { relu, type Tensor } from '../../ops/index.js';
import { KernelAttention, type KernelAttentionOptions } from './kernel-attention.js';

export interface LinearAttentionOptions extends KernelAttentionOptions {
  /** φ, of queries and of keys: [B,H,T,D] → [B,H,T,M], all ≥ 0; elu(x) + 1 by default. */
  readonly featureMap?: ((x: Tensor) => Tensor) | undefined;
}

/** φ(x) = elu(x) + 1: x + 1 above 0, eˣ below (Katharopoulos et al. 2020, eq. 7). */
export function eluFeatures(x: Tensor): Tensor {
  return relu(x).add(x.minimum(0).exp());
}

/**
 * Linear attention (Katharopoulos et al. 2020, "Transformers are RNNs"): w_ij ∝ φ(q_i)·φ(k_j) with φ = elu + 1, in time
 * linear in T and, causal, with a recurrent form for generation. It is exact for its own weights, but its weights are not
 * softmax's: it approximates nothing. Queries are not scaled.
 * @example new MultiHeadAttention({ width: 384, heads: 6, attention: new LinearAttention({ causal: true }) })
 */
export class LinearAttention extends KernelAttention {
  readonly label = 'linear attention';
  readonly featureMap: (x: Tensor) => Tensor;

  constructor({ featureMap = eluFeatures, ...options }: LinearAttentionOptions = {}) {
    super(options);
    this.featureMap = featureMap;
  }

  protected features(x: Tensor): Tensor {
    return this.featureMap(x);
  }
}

export const linearAttentionForm: FormDeclaration = {
  name: 'LinearAttention',
  formula: 'φ(Q) (φ(K)ᵀ V) / φ(Q) (φ(K)ᵀ 1), φ(x) = elu(x) + 1',
  paper: 'Katharopoulos et al. 2020, sections 3.2 to 3.4',
  time: 'T·D²',
  memory: 'T·D²/c, chunks of c',
  exact: true,
  causal: 'yes',
  cacheable: false,
  use: 'Generation with a state of a fixed size in the place of a memory; weights are flatter than softmax’s.',
  file: 'src/attention/approximate/linear-attention.ts',
};
