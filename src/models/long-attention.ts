import { type AttentionForm, BlockwiseAttention, LocalAttention } from '../attention/index.js';
import { fail } from '../core/index.js';
import { recompute, type Tensor } from '../ops/index.js';

/**
 * How a decoder computes its attention: `dense` forms every pattern; `blockwise` computes the same numbers block by block,
 * with memory linear in length, and forms none; hidden values of the feed-forward layers, which are most of what a long text's
 * step would hold, are then made anew for the backward pass. It is no property of a checkpoint: either way computes from the
 * same weights.
 */
export type AttentionComputation = 'dense' | 'blockwise';

/**
 * The causal form of one layer that never forms its pattern: within its window, where it has one; else blockwise.
 * @returns undefined for `dense`
 * @throws value: another word; unsupported: dropout, which a model of this kind would apply to the pattern too
 */
export function longAttention(
  where: string,
  {
    attention,
    dropout,
    window,
  }: { readonly attention: AttentionComputation; readonly dropout: number; readonly window?: number | undefined },
): AttentionForm | undefined {
  if (attention === 'dense') return undefined;
  if (attention !== 'blockwise') throw fail('value', { where, rule: 'attention dense or blockwise', got: String(attention) });
  if (dropout > 0) {
    const fix = 'Train with dropout 0, or with attention dense';
    throw fail('unsupported', { where, rule: 'no dropout where patterns are never formed', got: `dropout ${dropout}`, fix });
  }
  return window === undefined ? new BlockwiseAttention({ causal: true }) : new LocalAttention({ window, causal: true });
}

/** A block's feed-forward part, [B,T,C] → [B,T,C]: where attention is not dense, nothing within it is kept for the backward pass. */
export function longFeedForward(attention: AttentionComputation, forward: (x: Tensor) => Tensor): (x: Tensor) => Tensor {
  return attention === 'dense' ? forward : recompute(forward);
}
