import { pastWindowMask, windowMask } from '../attention/index.js';
import type { Dim } from '../core/index.js';
import type { Tensor } from '../ops/index.js';
import { decoderMask, type SequenceState } from './sequence-state.js';

/** What the tokens of a decoder may attend to: each other, and what memory holds. */
export interface AttentionMasks {
  /** [T,T], or [B,1,T,T] with documents; bool, true = attend. */
  readonly mask: Tensor;
  /** [B,1,T,P], where memory is not open as a whole. */
  readonly pastMask: Tensor | undefined;
}

/**
 * The masks of a decoder whose layers see everything before, or, given a window, only the last tokens up to it.
 * @param ids [B,T]
 * @throws as `decoderMask`
 */
export function attentionMasks(ids: Tensor, state: SequenceState, window?: number): AttentionMasks {
  const mask = decoderMask(ids, state);
  if (window === undefined) return { mask, pastMask: undefined };
  const length = ids.shape[1] as Dim;
  const filled = state.past?.[0]?.filled;
  return {
    mask: mask.logicalAnd(windowMask(length, window)),
    pastMask: filled === undefined ? undefined : pastWindowMask(filled, length, window),
  };
}

/** Masks by layer: of those that see everything, and of those with a window, each made once. */
export function masksByLayer(
  ids: Tensor,
  state: SequenceState,
  { window, windowed }: { readonly window: number | undefined; readonly windowed: readonly boolean[] },
): readonly AttentionMasks[] {
  const full = attentionMasks(ids, state);
  const near = window === undefined ? full : attentionMasks(ids, state, window);
  return windowed.map((is) => (is ? near : full));
}
