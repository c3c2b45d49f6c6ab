import { fail } from '../../core/index.js';
import { type FormDeclaration, filled, Module } from '../../nn/index.js';
import { matmul, Parameter, parameterTensor, rsqrt, square, type Tensor } from '../../ops/index.js';
import { perGroup } from '../groups.js';

/** Keeps the direction of a zero vector zero, and its gradient finite. */
const epsilon = 1e-12;

export interface CosineScoreOptions {
  /** Typical number of keys L: the scale starts at log₂(L² − L), as the paper has it. From 2. */
  readonly length: number;
}

/**
 * s_ij = g · cos(q_i, k_j), with one learned scale g (Henry et al. 2020, "Query-Key Normalization", section 3):
 * scores lie within ±g whatever the sizes of queries and keys, and a large g still lets softmax be sharp.
 *
 * cos(q, k) = q/√(‖q‖² + ε) · k/√(‖k‖² + ε) with ε = 1e-12.
 */
export class CosineScore extends Module {
  /** g [] */
  readonly scale: Parameter;

  /** @throws value: a length below 2 */
  constructor({ length }: CosineScoreOptions) {
    super();
    if (!(length >= 2)) throw fail('value', { where: 'cosine score', rule: 'a length of 2 keys or more', got: String(length) });
    this.scale = new Parameter([], filled(Math.log2(length * length - length)));
  }

  /** @param query [B,H,T,D] @param key [B,K,S,D], K divides H @returns [B,H,T,S] within ±g */
  forward(query: Tensor, key: Tensor): Tensor {
    const directions = unit(key);
    return perGroup(unit(query).mul(parameterTensor(this.scale)), key, (rows) => matmul(rows, directions, { transposeB: true }));
  }
}

/** x/√(‖x‖² + ε), row by row. */
function unit(x: Tensor): Tensor {
  return x.mul(rsqrt(square(x).sum({ axis: -1, keep: true }).add(epsilon)));
}

export const cosineForm: FormDeclaration = {
  name: 'CosineScore',
  formula: 's_ij = g · q_i·k_j / (‖q_i‖ ‖k_j‖)',
  paper: 'Henry et al. 2020 (QK-norm), section 3',
  time: 'T·S·D',
  memory: 'T·S',
  exact: true,
  causal: 'mask',
  cacheable: true,
  use: 'Scores that cannot grow: steadier training, at low precision and large width above all.',
  file: 'src/attention/scores/cosine.ts',
};
