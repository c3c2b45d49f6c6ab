import { fail } from '../../core/index.js';
import { type FormDeclaration, Module, normal, RmsNorm } from '../../nn/index.js';
import { concat, exp, formatSpec, Parameter, parameterTensor, type Tensor, tap } from '../../ops/index.js';
import { type AttentionInputs, type AttentionParts, attend } from '../attend.js';
import type { AttentionForm } from '../attention.js';
import { softmaxNormaliser } from '../normalisers/softmax.js';
import { type Bias, type Normaliser, type Part, partFunction, type Score } from '../parts.js';
import { scaledDotProductScore } from '../scores/dot-product.js';

export interface DifferentialAttentionOptions extends Pick<AttentionParts, 'score' | 'mask' | 'bias' | 'mix' | 'dropout'> {
  /** Width of a head's queries and keys, both halves together: the layer's `headWidth`. */
  readonly headWidth: number;
  /** Width of a head's values; `headWidth` by default. */
  readonly valueWidth?: number;
  /** The layer's number, from 1: λ starts larger in later ones. */
  readonly layer: number;
  /** ε of the norm of each head's result. */
  readonly epsilon?: number;
}

/**
 * Differential attention (Ye et al. 2024, "Differential Transformer", eq. 1 to 3): the difference of two softmax maps,
 * (softmax(q₁k₁ᵀ/√d) − λ softmax(q₂k₂ᵀ/√d)) v, which cancels what both see. Each head's query and key are two halves of
 * width d; λ = exp(λ_q1·λ_k1) − exp(λ_q2·λ_k2) + λ_init with λ_init = 0.8 − 0.6 e^{−0.3 (layer − 1)}; each head's result is
 * normalised and multiplied by 1 − λ_init.
 *
 * A form: give it to a `MultiHeadAttention` whose `headWidth` is 2d. Sites `scores` [B,2H,T,S], the first maps before the
 * second; `pattern` [B,H,T,S], the differences, which may be negative; `mixed` before the norm; `lambda` [1]; `normed`.
 */
export class DifferentialAttention extends Module implements AttentionForm {
  readonly lambdaQuery1: Parameter;
  readonly lambdaKey1: Parameter;
  readonly lambdaQuery2: Parameter;
  readonly lambdaKey2: Parameter;
  /** Of each head's result; its scale is shared by the heads. */
  readonly norm: RmsNorm;
  readonly parts: Omit<AttentionParts, 'normaliser'>;
  readonly lambdaStart: number;

  /** @throws shape: an odd head width; value: a layer that is not a whole number from 1 */
  constructor({ headWidth, valueWidth = headWidth, layer, epsilon = 1e-5, ...parts }: DifferentialAttentionOptions) {
    super();
    if (!Number.isInteger(headWidth / 2) || headWidth < 2)
      throw fail('shape', { where: 'differential attention', rule: 'an even head width, two halves', got: String(headWidth) });
    if (!Number.isInteger(layer) || layer < 1)
      throw fail('value', { where: 'differential attention', rule: 'the number of the layer, from 1', got: String(layer) });
    const lambda = (): Parameter => new Parameter([headWidth / 2], normal(0.1));
    this.lambdaQuery1 = lambda();
    this.lambdaKey1 = lambda();
    this.lambdaQuery2 = lambda();
    this.lambdaKey2 = lambda();
    this.norm = new RmsNorm(valueWidth, { epsilon });
    this.parts = parts;
    this.lambdaStart = 0.8 - 0.6 * Math.exp(-0.3 * (layer - 1));
  }

  /**
   * @param query [B,H,T,2d] @param key [B,K,S,2d] @param value [B,K,S,D'] @returns [B,T,H,D']
   * @throws shape: halves of another width
   */
  attend(query: Tensor, key: Tensor, value: Tensor, inputs: AttentionInputs = {}): Tensor {
    const half = this.lambdaQuery1.shape[0] as number;
    if (query.shape[3] !== 2 * half) {
      const rule = `a query of width ${2 * half}, two halves`;
      throw fail('shape', { where: 'differential attention', rule, got: formatSpec(query) });
    }
    const { bias, score = scaledDotProductScore(), ...rest } = this.parts;
    const lambda = tap('lambda', this.#lambda());
    const mixed = attend(query, key, value, {
      ...rest,
      score: ofHalves(score),
      ...(bias && { bias: ((places) => forBoth(partFunction(bias)(places))) as Bias }),
      normaliser: difference(lambda),
      inputs: { ...inputs, bias: inputs.bias && forBoth(inputs.bias) },
    });
    return tap('normed', this.norm.forward(mixed).mul(1 - this.lambdaStart));
  }

  #lambda(): Tensor {
    const grown = (q: Parameter, k: Parameter): Tensor => exp(parameterTensor(q).mul(parameterTensor(k)).sum({ axis: 0, keep: true }));
    return grown(this.lambdaQuery1, this.lambdaKey1).sub(grown(this.lambdaQuery2, this.lambdaKey2)).add(this.lambdaStart);
  }
}

/** A score of both halves: [B,2H,T,S], all first halves before all second ones, so that groups of heads stay neighbours. */
function ofHalves(part: Part<Score>): Score {
  const score = partFunction(part);
  return (query, key, places) => {
    const [q1, q2] = query.split(2, 3) as [Tensor, Tensor];
    const [k1, k2] = key.split(2, 3) as [Tensor, Tensor];
    return concat([score(q1, k1, places), score(q2, k2, places)], 1);
  };
}

/** What is the same for all heads as it is; what each head has of its own twice, for its two maps. */
function forBoth(x: Tensor): Tensor {
  return (x.shape.at(-3) ?? 1) === 1 ? x : concat([x, x], x.rank - 3);
}

/** softmax of the first maps minus λ times that of the second: [B,2H,T,S] → [B,H,T,S]. */
function difference(lambda: Tensor): Normaliser {
  const softmax = softmaxNormaliser();
  return (scores, { mask, ...rest }) => {
    const both = softmax(scores, { ...rest, mask: mask && forBoth(mask) });
    const [first, second] = both.split(2, 1) as [Tensor, Tensor];
    return first.sub(second.mul(lambda));
  };
}

export const differentialForm: FormDeclaration = {
  name: 'DifferentialAttention',
  formula: '(softmax(q₁k₁ᵀ/√d) − λ softmax(q₂k₂ᵀ/√d)) v, normalised, times 1 − λ_init',
  paper: 'Ye et al. 2024, eq. 1 to 3',
  time: 'T·S·D',
  memory: '2·T·S',
  exact: true,
  causal: 'mask',
  cacheable: true,
  use: 'Less attention to what does not matter, as a differential amplifier cancels noise; sharp retrieval.',
  file: 'src/attention/structures/differential-attention.ts',
};
