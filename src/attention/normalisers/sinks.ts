import { type Dim, fail } from '../../core/index.js';
import { type FormDeclaration, Module, zeros } from '../../nn/index.js';
import { concat, full, Parameter, parameterTensor, softmax, type Tensor } from '../../ops/index.js';
import type { Normaliser, NormaliserInputs } from '../parts.js';

/**
 * Softmax with a sink: w_ij = e^{s_ij} / (e^{b_h} + Σ_k e^{s_ik}). A learned logit b_h per head takes weight and gives no
 * value, so that a head may attend to nothing (OpenAI 2025, gpt-oss model card, section 2.2; what Xiao et al. 2023,
 * "attention sinks", found models to build of the first token). Weights sum to less than 1.
 */
export class SinkSoftmax extends Module {
  /** b: [H], zeros at first. */
  readonly sinks: Parameter;

  constructor({ heads }: { readonly heads: number }) {
    super();
    if (!Number.isInteger(heads) || heads < 1) {
      throw fail('value', { where: 'SinkSoftmax', rule: 'a number of heads, 1 or more', got: String(heads) });
    }
    this.sinks = new Parameter([heads], zeros);
  }

  /** @param scores [B,H,T,S] @returns weights [B,H,T,S] @throws shape: another number of heads */
  forward(scores: Tensor, inputs: NormaliserInputs): Tensor {
    const heads = this.sinks.shape[0] as number;
    if (scores.shape[1] !== heads) {
      throw fail('shape', {
        where: 'SinkSoftmax',
        rule: `scores of ${heads} heads, one sink each`,
        got: `${String(scores.shape[1])} heads`,
        fix: 'Make it with the number of query heads',
      });
    }
    return beside(parameterTensor(this.sinks).reshape([1, heads, 1, 1]), scores, inputs);
  }
}

/**
 * Softmax "off by one": w_ij = e^{s_ij} / (1 + Σ_k e^{s_ik}), a sink whose logit stays 0 (Miller 2023, "Attention Is Off By
 * One"; PyTorch's `add_zero_attn`).
 */
export function softmaxPlusOne(): Normaliser {
  return (scores, inputs) => beside(full([1, 1, 1, 1], 0, scores.dtype), scores, inputs);
}

/** Softmax over the keys and one more, whose weight is then left out. */
function beside(sink: Tensor, scores: Tensor, { mask }: NormaliserInputs): Tensor {
  const keys = scores.shape[3] as Dim;
  const column = (x: Tensor): Dim[] => [...x.shape.slice(0, -1), 1];
  const all = concat([scores, sink.cast(scores.dtype).expand(column(scores))], 3);
  const whole = mask?.expand([...mask.shape.slice(0, -1), keys]);
  const allowed = whole && concat([whole, full(column(whole), 1, 'bool')], whole.rank - 1);
  // The sink is never forbidden: every query has something to give its weight to.
  return softmax(all, { mask: allowed, everyRowAttends: true }).slice([null, null, null, [0, keys]]);
}

const common = {
  time: 'T·S',
  memory: 'T·S',
  exact: true,
  causal: 'mask',
  cacheable: true,
  file: 'src/attention/normalisers/sinks.ts',
} as const;

export const sinkForms: readonly FormDeclaration[] = [
  {
    ...common,
    name: 'SinkSoftmax',
    formula: 'w_ij = e^{s_ij} / (e^{b_h} + Σ_k e^{s_ik})',
    paper: 'OpenAI 2025 (gpt-oss), section 2.2; Xiao et al. 2023 (attention sinks)',
    use: 'Heads that may attend to nothing, by a learned measure.',
  },
  {
    ...common,
    name: 'softmaxPlusOne',
    formula: 'w_ij = e^{s_ij} / (1 + Σ_k e^{s_ik})',
    paper: 'Miller 2023 (Attention Is Off By One)',
    use: 'The same without a parameter.',
  },
];
