import {
  Attention,
  causal,
  type MultiHeadAttention,
  type MultiHeadAttentionInputs,
  type Past,
  type ProjectedContext,
} from '../../attention/index.js';
import type { Dim } from '../../core/index.js';
import { child, type LayerNorm, type Mlp, Module } from '../../nn/index.js';
import { Tensor, tap } from '../../ops/index.js';
import type { Rotation } from '../../position/index.js';
import { type BlockOptions, blockAttention, blockMlp, blockNorm, residual } from './block.js';
import { maskOf } from './masks.js';

export interface DecoderBlockInputs {
  /** Narrows self-attention; broadcasts to [B,H,T,T], bool, true = attend. */
  readonly mask?: Tensor | undefined;
  /** Added to self-attention's scores; broadcasts to [B,H,T,T]. */
  readonly bias?: Tensor | undefined;
  /** The padding mask of the targets: [B,T] bool, true = a token, false = padding. */
  readonly padding?: Tensor | undefined;
  /** Who may look at what of the memory; broadcasts to [B,H,T,S], bool, true = attend. */
  readonly memoryMask?: Tensor | undefined;
  /** Added to cross-attention's scores; broadcasts to [B,H,T,S]. */
  readonly memoryBias?: Tensor | undefined;
  /** The padding mask of the memory: [B,S] bool, true = a token, false = padding. */
  readonly memoryPadding?: Tensor | undefined;
  /** Turns self-attention's queries and keys. */
  readonly rotation?: Rotation | undefined;
  /** Keys and values of earlier targets. */
  readonly past?: Past | undefined;
}

/**
 * A block of a decoder: causal self-attention, cross-attention to the encoder's output, then the MLP, each in the residual
 * stream (Vaswani et al. 2017, section 3.1; norms as in `EncoderBlock`). `attention` in place of the causal one takes away
 * the causal mask too. The site names are those of the field's papers, so two fields are spelled as sites are.
 * Taps `residual.pre`, `residual.mid`, `residual.cross` (after cross-attention), `residual.post`, and those of its parts.
 */
export class DecoderBlock extends Module {
  readonly self_attention: MultiHeadAttention;
  readonly norm1: LayerNorm;
  readonly cross_attention: MultiHeadAttention;
  readonly norm2: LayerNorm;
  readonly mlp: Mlp;
  readonly norm3: LayerNorm;
  readonly options: BlockOptions;
  readonly isCausal: boolean;

  /** @throws shape: heads that do not divide the width */
  constructor(options: BlockOptions) {
    super();
    const { attention, ...rest } = options;
    this.isCausal = attention === undefined;
    this.self_attention = child('self_attention', () => blockAttention(options, attention ?? new Attention({ mask: causal })));
    this.norm1 = blockNorm(options);
    this.cross_attention = child('cross_attention', () => blockAttention(options));
    this.norm2 = blockNorm(options);
    this.mlp = blockMlp(options);
    this.norm3 = blockNorm(options);
    this.options = rest;
  }

  /**
   * @param x [B,T,C] @param memory [B,S,C], the encoder's output, or what cross-attention made of it before @returns [B,T,C]
   * @throws shape, dtype: masks that do not fit
   */
  forward(x: Tensor, memory: Tensor | ProjectedContext, inputs: DecoderBlockInputs = {}): Tensor {
    const { rotation, past } = inputs;
    const own: MultiHeadAttentionInputs = {
      mask: maskOf('padding', inputs.mask, inputs.padding, x.shape as [Dim, Dim]),
      bias: inputs.bias,
      rotation,
      past,
      nothingLater: this.isCausal,
      // The causal mask alone leaves every query itself.
      ...(this.isCausal && inputs.mask === undefined && inputs.padding === undefined && { everyQueryAttends: true }),
    };
    const sizes = (memory instanceof Tensor ? memory.shape : [memory.keys.shape[0], memory.keys.shape[2]]) as [Dim, Dim];
    const across: MultiHeadAttentionInputs = {
      ...(memory instanceof Tensor ? { context: memory } : { projected: memory }),
      mask: maskOf('memoryPadding', inputs.memoryMask, inputs.memoryPadding, sizes),
      bias: inputs.memoryBias,
    };
    const pre = tap('residual.pre', x);
    const mid = tap(
      'residual.mid',
      residual(pre, (y) => this.self_attention.forward(y, own), this.norm1, this.options),
    );
    const cross = tap(
      'residual.cross',
      residual(mid, (y) => this.cross_attention.forward(y, across), this.norm2, this.options),
    );
    return tap(
      'residual.post',
      residual(cross, (y) => this.mlp.forward(y), this.norm3, this.options),
    );
  }
}
