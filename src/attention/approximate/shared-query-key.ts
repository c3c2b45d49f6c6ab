import type { Dim } from '../../core/index.js';
import { type FormDeclaration, Linear, Module } from '../../nn/index.js';
import { type Initializer, type Tensor, tap } from '../../ops/index.js';
import { type Rotation, rotate } from '../../position/index.js';
import type { AttentionInputs } from '../attend.js';
import type { AttentionForm } from '../attention.js';
import { byHead, checkHeads } from '../multi-head-attention.js';

export interface SharedQueryKeyOptions {
  /** C, of x and of the output. */
  readonly width: number;
  /** Heads, H; divides the width. */
  readonly heads: number;
  /** How queries, keys and values meet: an `LshAttention`, say. */
  readonly attention: AttentionForm;
  /** Whether projections have biases; they do not by default. */
  readonly bias?: boolean | undefined;
  /** How the projections start; `Linear`'s way by default. */
  readonly initializer?: Initializer | undefined;
}

export interface SharedQueryKeyInputs extends AttentionInputs {
  /** Turns queries, which are keys. */
  readonly rotation?: Rotation | undefined;
}

/**
 * Multi-head self-attention whose queries are its keys, one projection for both (Kitaev et al. 2020, Reformer, section 2,
 * "shared-QK"): a hash that is near for a query and a key then means that the tokens are alike.
 * Taps the form's sites and `output`.
 * @example new SharedQueryKeyAttention({ width: 512, heads: 8, attention: new LshAttention({ buckets: 64, rounds: 4, causal: true }) })
 */
export class SharedQueryKeyAttention extends Module {
  readonly queryKey: Linear;
  readonly value: Linear;
  readonly output: Linear;
  readonly attention: AttentionForm;
  readonly heads: number;

  /** @throws shape: heads that do not divide the width */
  constructor({ width, heads, attention, bias = false, initializer }: SharedQueryKeyOptions) {
    super();
    const headWidth = width / heads;
    checkHeads('shared query-key attention', { width, heads, kvHeads: heads, headWidth, valueWidth: headWidth });
    this.queryKey = new Linear(width, width, { bias, initializer });
    this.value = new Linear(width, width, { bias, initializer });
    this.output = new Linear(width, width, { bias, initializer });
    this.attention = attention;
    this.heads = heads;
  }

  /** @param x [B,T,C] @returns [B,T,C] */
  forward(x: Tensor, { rotation, ...inputs }: SharedQueryKeyInputs = {}): Tensor {
    const plain = byHead(this.queryKey.forward(x), this.heads); // [B,H,T,D]
    const queryKey = rotation === undefined ? plain : rotate(plain, rotation);
    const mixed = this.attention.attend(queryKey, queryKey, byHead(this.value.forward(x), this.heads), inputs);
    const [batch, length, width] = x.shape as [Dim, Dim, Dim];
    return tap('output', this.output.forward(mixed.reshape([batch, length, width])));
  }
}

export const sharedQueryKeyForm: FormDeclaration = {
  name: 'SharedQueryKeyAttention',
  formula: 'Concat_i(attention(x W_i, x W_i, x W_i^V)) W^O',
  paper: 'Kitaev, Kaiser and Levskaya 2020 (Reformer), section 2',
  time: 'T·S·D',
  memory: 'T·S',
  exact: true,
  causal: 'mask',
  cacheable: true,
  use: 'The layer around LSH attention, and a projection fewer elsewhere.',
  file: 'src/attention/approximate/shared-query-key.ts',
};
