/** What becomes of special tokens, such as the `<s>` that Llama's texts begin with or BERT's `[CLS]`. */
export interface SpecialTokenOptions {
  /** `encode`: whether to add those that the format puts around a text (default true). `decode`: whether to show them (default false). */
  readonly specialTokens?: boolean;
}

/** Text to ids and back. */
export interface Tokenizer {
  /** The number of ids: they run from 0 to `size` − 1. */
  readonly size: number;
  /** @throws `tokenizer` for text that the vocabulary cannot express */
  encode(text: string, options?: SpecialTokenOptions): number[];
  /** `encode`, straight into an array: for whole corpora, where it is there. */
  encodeToArray?(text: string): Int32Array;
  /** @throws `tokenizer` for an id outside the vocabulary */
  decode(ids: readonly number[], options?: SpecialTokenOptions): string;
  /** One readable string per id, for labels: a space is a space, a lone byte of a longer character is `<0xE2>`. */
  tokens(ids: readonly number[]): string[];
  /** The content of `tokenizer.json`. */
  toJson(): unknown;
  /** The content of `tokenizer_config.json`. */
  readonly configJson: unknown;
}
