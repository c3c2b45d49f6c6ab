import type { Captured } from './outputs.js';

/**
 * Something that has read some tokens and tells how likely each token is to come next. Two kinds: `Decoder` keeps keys
 * and values, `Recomputer` reads everything again.
 */
export interface NextTokens {
  readonly vocabulary: number;
  /** Most tokens it can have read. */
  readonly context: number;
  /** Tokens read so far. */
  readonly length: number;
  /**
   * Reads more tokens.
   * @param ids at least one, [B,T] in one row
   * @returns the logits of what comes after the last, [B,V] in one row
   * @throws value: ids outside the vocabulary, more tokens than the context; numeric: NaN or infinity, under `check`
   */
  append(ids: ArrayLike<number>): Promise<Float32Array>;
  /** The values that `capture` asked for in the last `append`, [1,…]; empty where it asked for none. */
  captured?(): Captured;
  /** Forgets all but the first `count` tokens, of what keeps keys and values. */
  keep?(count: number): void;
  /** Forgets what was read. */
  reset(): void;
  dispose(): Promise<void>;
}

export interface NextTokensOptions {
  readonly device?: 'cpu' | 'webgpu';
  /** Threads within an operator; 0 (the default) leaves it to the engine. */
  readonly threads?: number;
  /** Looks at every site of the model after every run, and stops at the first NaN or infinity. Slow. */
  readonly check?: boolean;
  /**
   * Globs of sites whose values every run keeps, for `captured`. A run of a model with a cache holds the tokens that are
   * new to it, and attends to all; that of one without holds all tokens. Fewer operations can be fused then: the last bits
   * of the logits may differ.
   */
  readonly capture?: string;
}
