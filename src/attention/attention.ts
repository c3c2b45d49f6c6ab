import { Module } from '../nn/index.js';
import type { Tensor } from '../ops/index.js';
import { type AttentionInputs, type AttentionParts, attend } from './attend.js';

/**
 * A form of attention: takes the queries, keys and values of all heads to what each query gathered. A layer such as
 * `MultiHeadAttention` knows nothing more of it. The method is not `forward`, so that a form's sites are its layer's own:
 * `blocks.0.attention.pattern`, whatever the form.
 */
export interface AttentionForm {
  /** @param query [B,H,T,D] @param key [B,K,S,D] @param value [B,K,S,D'] @returns [B,T,H',D'] */
  attend(query: Tensor, key: Tensor, value: Tensor, inputs?: AttentionInputs): Tensor;
}

/**
 * An attention composed of named parts: score × mask × bias × normaliser × mix.
 * @example new Attention({ score: scaledDotProductScore({ softCap: 50 }), mask: and(causal, slidingWindow(4096)) })
 */
export class Attention extends Module implements AttentionForm {
  readonly parts: AttentionParts;

  constructor(parts: AttentionParts = {}) {
    super();
    // A plain object: its modules are this one's children (`parts.score.…`).
    this.parts = { ...parts };
  }

  attend(query: Tensor, key: Tensor, value: Tensor, inputs: AttentionInputs = {}): Tensor {
    return attend(query, key, value, { ...this.parts, inputs });
  }
}
