import type { HostArray, Shape } from '../core/index.js';
import type { Module } from '../nn/index.js';
import type { Tensor } from '../ops/index.js';
import type { SequenceState } from './sequence-state.js';

/** An array that a model is given besides tokens, the same for all of them until it is changed. */
export interface GivenArray {
  /** May have named sizes, where the next array may be larger or smaller. */
  readonly shape: Shape;
  /** float32 */
  readonly value: HostArray;
}

/** A model that takes token ids, whatever it says of them: what can be looked into. */
export interface TokenModel extends Module {
  readonly vocabulary: number;
  /** Most tokens in a sequence. */
  readonly context: number;
  /** @param ids [B,T] int32 */
  forward(ids: Tensor): Tensor;
}

/** What a model predicts after some tokens, and what it carries on from them. */
export interface Advanced {
  /** [B,T,V] */
  readonly logits: Tensor;
  /** [B,…] each, as it was given. */
  readonly state: readonly Tensor[];
}

/**
 * A model that predicts the next token: anything with this form can be trained on text; with `cache`, it generates from kept
 * keys and values; with `carries` and `advance`, from a state of fixed size.
 */
export interface LanguageModel extends Module {
  readonly vocabulary: number;
  readonly context: number;
  /** @param ids [B,T] int32 @returns logits [B,T,V] */
  forward(ids: Tensor, state?: SequenceState): Tensor;
  /** What `forward` finds in `state.given`, by name, where the model predicts under a condition, such as a text to translate. */
  readonly given?: Readonly<Record<string, GivenArray>>;
  /** Shapes of the key and value cache, where the model can use one; `heads` are those of keys and values. */
  readonly cache?: { readonly layers: number; readonly heads: number; readonly headWidth: number };
  /**
   * Shapes of what one row carries from token to token, where the model can go on from that alone: a step then costs a step,
   * whatever came before. Zeros stand at a text's start.
   * @throws unsupported: a model that reads from both ends
   */
  readonly carries?: readonly (readonly number[])[];
  /** As `forward`, of texts that go on. @param state [B,…] each, as `carries` has them */
  advance?(ids: Tensor, state: readonly Tensor[]): Advanced;
}
