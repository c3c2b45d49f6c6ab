import type { Module } from '../nn/index.js';
import type { Tensor } from '../ops/index.js';
import type { Memory } from './blocks/index.js';
import type { SequenceState } from './sequence-state.js';

/** A model that predicts a target from a source: an encoder, whose memory of the source a decoder looks at. */
export interface SequenceToSequence extends Module {
  /** Tokens of targets. */
  readonly vocabulary: number;
  readonly sourceVocabulary: number;
  /** Most tokens of a target. */
  readonly context: number;
  /** Shapes of the decoder's keys and values; `heads` are those of keys and values. */
  readonly cache: { readonly layers: number; readonly heads: number; readonly headWidth: number };
  /** @param source [B,S] int32 @returns [B,S,C] */
  encode(source: Tensor): Tensor;
  /** @param target [B,T] int32 @returns logits [B,T,V] */
  decode(target: Tensor, memory: Memory, inputs?: Pick<SequenceState, 'position' | 'past'>): Tensor;
}
