import type { Past } from '../attention/index.js';
import type { Module } from '../nn/index.js';
import type { Tensor } from '../ops/index.js';

/** What a decoder needs to go on from earlier tokens without computing them again. */
export interface DecoderState {
  /** Position of the first new token: int32, [1]. */
  readonly position: Tensor;
  /** One entry per layer. */
  readonly past: readonly Past[];
}

/** A model that predicts the next token: anything with this form can be trained on text; with `decoder`, generated from. */
export interface LanguageModel extends Module {
  readonly vocabulary: number;
  readonly context: number;
  /** @param ids [B,T] int32 @returns logits [B,T,V] */
  forward(ids: Tensor, state?: DecoderState): Tensor;
  /** Shapes of the key and value cache, where the model can use one. */
  readonly cache?: { readonly layers: number; readonly heads: number; readonly headWidth: number };
}
