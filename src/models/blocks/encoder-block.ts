import type { MultiHeadAttention } from '../../attention/index.js';
import type { Dim } from '../../core/index.js';
import { child, type LayerNorm, type Mlp, Module } from '../../nn/index.js';
import { type Tensor, tap } from '../../ops/index.js';
import type { Rotation } from '../../position/index.js';
import { type BlockOptions, blockAttention, blockMlp, blockNorm, residual } from './block.js';
import { maskOf } from './masks.js';

export interface EncoderBlockInputs {
  /** Broadcasts to [B,H,S,S], bool, true = attend. */
  readonly mask?: Tensor | undefined;
  /** Added to the scores; broadcasts to [B,H,S,S]. */
  readonly bias?: Tensor | undefined;
  /** The padding mask: [B,S] bool, true = a token, false = padding, which nobody attends to. */
  readonly padding?: Tensor | undefined;
  /** Turns queries and keys. */
  readonly rotation?: Rotation | undefined;
}

/**
 * A block of an encoder: self-attention, then the MLP, each in the residual stream (Vaswani et al. 2017, section 3.1, with
 * norms after the sums; or before the sublayers, see `residual`).
 * Taps `residual.pre`, `residual.mid`, `residual.post`, and those of `attention` and `mlp`.
 */
export class EncoderBlock extends Module {
  readonly attention: MultiHeadAttention;
  readonly norm1: LayerNorm;
  readonly mlp: Mlp;
  readonly norm2: LayerNorm;
  readonly options: BlockOptions;

  /** @throws shape: heads that do not divide the width */
  constructor(options: BlockOptions) {
    super();
    this.attention = child('attention', () => blockAttention(options, options.attention));
    this.norm1 = blockNorm(options);
    this.mlp = blockMlp(options);
    this.norm2 = blockNorm(options);
    // The form is a part of the attention, not of the block: it must not be found twice.
    const { attention: _, ...rest } = options;
    this.options = rest;
  }

  /** @param x [B,S,C] @returns [B,S,C] @throws shape, dtype: masks that do not fit */
  forward(x: Tensor, { mask, padding, ...inputs }: EncoderBlockInputs = {}): Tensor {
    const allowed = maskOf('padding', mask, padding, x.shape as [Dim, Dim]);
    const pre = tap('residual.pre', x);
    const attend = (y: Tensor): Tensor => this.attention.forward(y, { ...inputs, mask: allowed });
    const mid = tap('residual.mid', residual(pre, attend, this.norm1, this.options));
    return tap(
      'residual.post',
      residual(mid, (y) => this.mlp.forward(y), this.norm2, this.options),
    );
  }
}
