import type { Dim, HostArray } from '../../core/index.js';
import type { FormDeclaration } from '../../nn/index.js';
import { constant, stopGradient, type Tensor } from '../../ops/index.js';
import { KernelAttention, type KernelAttentionOptions } from './kernel-attention.js';
import { randomFeatures } from './random-features.js';
import { checkWhole } from './sizes.js';

export interface FavorAttentionOptions extends KernelAttentionOptions {
  /** Random features, M; D ln D of them in the paper, 256 for heads of 64. */
  readonly features: number;
  /** Whether they are orthogonal; they are by default. */
  readonly orthogonal?: boolean | undefined;
  /** The model's by default; each module has numbers of its own. */
  readonly seed?: number | undefined;
}

/**
 * FAVOR+, the Performer's attention (Choromanski et al. 2021, section 2): softmax attention by positive orthogonal random
 * features, exp(q·k/√D) = E[φ(q)·φ(k)] with φ(x) = exp(ω·x' − |x'|²/2)/√M, x' = x/D^¼, ω ~ N(0, I). Time and memory are
 * linear in T; the weights err by about 1/√M. They never form the pattern; `pattern` gives the weights that they imply.
 *
 * The features are drawn from the seed and the module's path when a program is traced, and are constants of it:
 * `redraw()` chooses others for programs traced after it.
 * @example new FavorAttention({ features: 256, causal: true })
 */
export class FavorAttention extends KernelAttention {
  readonly label = 'FAVOR+ attention';
  readonly featureCount: number;
  readonly orthogonal: boolean;
  readonly featureSeed: number | undefined;
  /** Which numbers of the seed are drawn. */
  draw = 0;

  /** @throws value: features that are not a whole number from 1 */
  constructor({ features, orthogonal = true, seed, ...options }: FavorAttentionOptions) {
    super(options);
    checkWhole('FAVOR+ attention', { features });
    this.featureCount = features;
    this.orthogonal = orthogonal;
    this.featureSeed = seed;
  }

  /** Other features, for programs that are traced from now on. */
  redraw(draw = this.draw + 1): void {
    this.draw = draw;
  }

  /** The directions ω that heads of a width look along, [M,D]. */
  directions(width: number): HostArray {
    const { featureCount: features, orthogonal, draw } = this;
    return randomFeatures({ features, width, orthogonal, draw, seed: this.featureSeed ?? this.seed, stream: this.path });
  }

  protected features(x: Tensor, of: 'queries' | 'keys'): Tensor {
    const width = x.shape[3] as Dim;
    if (typeof width !== 'number') this.refuse('shape', 'heads of a width that is known when it is traced', x);
    const along = x.matmul(constant(this.directions(width)), { transposeB: true, scale: width ** -0.25 }); // [B,H,T,M]
    const half = x
      .mul(x)
      .sum({ axis: 3, keep: true })
      .mul(0.5 / Math.sqrt(width));
    const exponent = along.sub(half);
    // A factor per query, or one for all keys, cancels, and keeps exp in range. Causal keys have none: an earlier result
    // would depend on later keys by rounding, and a state on what it has not seen; their exponents are at most |ω|²/2.
    if (of === 'keys' && this.causal) return exponent.exp();
    const largest = stopGradient(exponent.max({ axis: of === 'queries' ? 3 : [2, 3], keep: true }));
    return exponent.sub(largest).exp();
  }
}

export const favorForm: FormDeclaration = {
  name: 'FavorAttention',
  formula: 'φ(Q) (φ(K)ᵀ V) / φ(Q) (φ(K)ᵀ 1), φ(x) = exp(ω·x − |x|²/2) at x/D^¼, ω ~ N(0, I), orthogonal',
  paper: 'Choromanski et al. 2021 (Performer), section 2',
  time: 'T·M·D, M features',
  memory: 'T·M·(1 + D/c), chunks of c',
  exact: false,
  causal: 'yes',
  cacheable: false,
  use: 'Softmax attention over long texts at an error of about 1/√M; queries and keys must not be large.',
  file: 'src/attention/approximate/favor-attention.ts',
};
