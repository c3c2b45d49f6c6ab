import { type Dim, fail, sizeOf } from '../../core/index.js';
import { type FormDeclaration, Module, normal } from '../../nn/index.js';
import { formatSpec, type Initializer, matmul, Parameter, parameterTensor, type Tensor, tap } from '../../ops/index.js';
import { softmaxNormaliser } from '../normalisers/softmax.js';
import { type Normaliser, type NormaliserInputs, type Part, partFunction } from '../parts.js';

export interface TalkingHeadsOptions {
  /** Heads of queries and values, H. */
  readonly heads: number;
  /** Heads between the two mixtures, where weights are made; as many by default. */
  readonly inner?: number;
  /** What makes weights of the mixed scores; softmax by default. */
  readonly normaliser?: Part<Normaliser>;
}

/**
 * Talking heads: scores are mixed across heads before the normaliser and weights after it (Shazeer et al. 2020,
 * "Talking-Heads Attention", section 3): J = S P_l, W = softmax(J), U = W P_w, over the axis of heads; their h_k and h_v
 * are our H, their h is `inner`. Weights that were mixed need not sum to 1; where the mask forbids they are zero.
 *
 * A normaliser: give it to an `Attention`. Square mixtures start as the identity: as plain multi-head attention. Taps its
 * own `scores` (J) and `pattern` (W), [B,inner,T,S], beside the layer's, which are S and U.
 * @example new Attention({ normaliser: new TalkingHeads({ heads: 8 }) })
 */
export class TalkingHeads extends Module {
  /** P_l [H,inner] */
  readonly scoreMixture: Parameter;
  /** P_w [inner,H] */
  readonly weightMixture: Parameter;
  readonly normaliser: Part<Normaliser>;

  constructor({ heads, inner = heads, normaliser = softmaxNormaliser() }: TalkingHeadsOptions) {
    super();
    this.scoreMixture = new Parameter([heads, inner], startOf(heads, inner));
    this.weightMixture = new Parameter([inner, heads], startOf(inner, heads));
    this.normaliser = normaliser;
  }

  /**
   * @param scores [B,H,T,S] @returns weights [B,H,T,S]
   * @throws shape: scores of other heads; unsupported: a mask that differs from head to head, for weights of all are mixed
   */
  forward(scores: Tensor, inputs: NormaliserInputs): Tensor {
    const heads = this.scoreMixture.shape[0] as number;
    const where = { where: 'talking heads' };
    if (scores.shape[1] !== heads) throw fail('shape', { ...where, rule: `scores of ${heads} heads`, got: formatSpec(scores) });
    const { mask } = inputs;
    if (mask !== undefined && (mask.shape.at(-3) ?? 1) !== 1) {
      throw fail('unsupported', { ...where, rule: 'a mask that is the same for every head: heads are mixed', got: formatSpec(mask) });
    }
    const mixed = tap('scores', acrossHeads(scores, parameterTensor(this.scoreMixture)));
    const weights = tap('pattern', partFunction(this.normaliser)(mixed, inputs));
    return acrossHeads(weights, parameterTensor(this.weightMixture));
  }
}

/** y_g = Σ_h x_h M_hg: [B,H,T,S], [H,G] → [B,G,T,S], one matrix product over all pairs of tokens. */
function acrossHeads(x: Tensor, mixture: Tensor): Tensor {
  const [batch, heads, ...pairs] = x.shape as [Dim, Dim, Dim, Dim];
  const y = matmul(mixture, x.reshape([batch, heads, sizeOf(pairs)]), { transposeA: true });
  return y.reshape([batch, mixture.shape[1] as Dim, ...pairs]);
}

/** The identity where it can be; small random numbers of as large a result otherwise. */
function startOf(from: number, to: number): Initializer {
  if (from !== to) return normal(1 / Math.sqrt(from));
  return (values) => {
    for (let i = 0; i < from; i++) values[i * to + i] = 1;
  };
}

export const talkingHeadsForm: FormDeclaration = {
  name: 'TalkingHeads',
  formula: 'U = softmax(S P_l) P_w, over the axis of heads',
  paper: 'Shazeer et al. 2020, section 3',
  time: 'T·S·H²',
  memory: 'T·S·H',
  exact: true,
  causal: 'mask',
  cacheable: true,
  use: 'Many narrow heads that tell each other what they found.',
  file: 'src/attention/structures/talking-heads.ts',
};
