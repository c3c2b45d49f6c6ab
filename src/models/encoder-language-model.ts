import { Embedding, Module } from '../nn/index.js';
import { type Tensor, tap } from '../ops/index.js';
import type { Advanced, LanguageModel } from './language-model.js';
import { demandOneText } from './one-text.js';
import type { TokenEncoder } from './sequence-classifier.js';
import type { SequenceState } from './sequence-state.js';

/** Tokens to features, from a state on: what recurrent and convolutional language models are made of. */
export interface StatefulEncoder extends TokenEncoder {
  readonly tokens: Embedding;
  readonly config: { readonly seed: number; readonly tied: boolean };
  /** @param state [B,…] each @returns outputs [B,T,H]; the state after them */
  forward(ids: Tensor, state?: readonly Tensor[]): { readonly outputs: Tensor; readonly state: readonly Tensor[] };
}

/** A language model that is an encoder and a head: the scores of every token, by its embedding where the head is tied. */
export abstract class EncoderLanguageModel<E extends StatefulEncoder> extends Module implements LanguageModel {
  readonly encoder: E;
  readonly head: Embedding | undefined;

  constructor(encoder: E) {
    super();
    this.seed = encoder.config.seed;
    this.encoder = encoder;
    this.head = encoder.config.tied ? undefined : new Embedding(encoder.vocabulary, encoder.width);
  }

  abstract get carries(): readonly (readonly number[])[];

  get config(): E['config'] {
    return this.encoder.config;
  }

  get vocabulary(): number {
    return this.encoder.vocabulary;
  }

  get context(): number {
    return this.encoder.context;
  }

  /** @param ids [B,T] int32 @returns logits [B,T,V] @throws unsupported: several documents in a row */
  forward(ids: Tensor, state: SequenceState = {}): Tensor {
    demandOneText(this.constructor.name, state);
    return this.#logits(this.encoder.forward(ids).outputs);
  }

  /** The same from a state, and the state after it. @param state as `carries` has it, [B,…] each */
  advance(ids: Tensor, state: readonly Tensor[]): Advanced {
    const { outputs, state: left } = this.encoder.forward(ids, state);
    return { logits: this.#logits(outputs), state: left };
  }

  #logits(outputs: Tensor): Tensor {
    return tap('logits', (this.head ?? this.encoder.tokens).scores(outputs));
  }
}
