import type { Module } from '../nn/index.js';
import type { Tensor } from '../ops/index.js';
import type { SequenceState } from './sequence-state.js';

/** A model that takes token ids, whatever it says of them: what can be looked into. */
export interface TokenModel extends Module {
  readonly vocabulary: number;
  /** Most tokens in a sequence. */
  readonly context: number;
  /** @param ids [B,T] int32 */
  forward(ids: Tensor): Tensor;
}

/** A model that predicts the next token: anything with this form can be trained on text; with `cache`, it generates from kept keys and values. */
export interface LanguageModel extends Module {
  readonly vocabulary: number;
  readonly context: number;
  /** @param ids [B,T] int32 @returns logits [B,T,V] */
  forward(ids: Tensor, state?: SequenceState): Tensor;
  /** Shapes of the key and value cache, where the model can use one; `heads` are those of keys and values. */
  readonly cache?: { readonly layers: number; readonly heads: number; readonly headWidth: number };
}
