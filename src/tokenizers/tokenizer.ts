/** What becomes of special tokens, such as the `<s>` that Llama's texts begin with or BERT's `[CLS]`. */
export interface SpecialTokenOptions {
  /** `encode`: whether to add those that the format puts around a text (default true). `decode`: whether to show them (default false). */
  readonly specialTokens?: boolean;
}

/** Ids, and the part of the text that each stands for. */
export interface EncodingWithOffsets {
  readonly ids: number[];
  /** [start, end) of each id in the text, as `text.slice` counts (UTF-16); equal for what stands for nothing, such as `[CLS]`. */
  readonly offsets: [start: number, end: number][];
}

/** Text to ids and back. */
export interface Tokenizer {
  /** The number of ids: they run from 0 to `size` − 1. */
  readonly size: number;
  /** @throws `tokenizer` for text that the vocabulary cannot express */
  encode(text: string, options?: SpecialTokenOptions): number[];
  /** `encode` straight into an array, without special tokens around the text: for whole corpora, where it is there. */
  encodeToArray?(text: string): Int32Array;
  /** `encode`, with where in the text each id comes from. */
  encodeWithOffsets(text: string, options?: SpecialTokenOptions): EncodingWithOffsets;
  /** Any bytes to ids, of byte-level vocabularies: what is not UTF-8 too. */
  encodeBytes?(bytes: Uint8Array): Int32Array;
  /** The bytes that ids stand for, of byte-level vocabularies; exactly those that were encoded. */
  decodeBytes?(ids: readonly number[]): Uint8Array;
  /** The id of a token of the vocabulary as it is written there, such as `<|endoftext|>`. */
  idOf(token: string): number | undefined;
  /** @throws `tokenizer` for an id outside the vocabulary */
  decode(ids: readonly number[], options?: SpecialTokenOptions): string;
  /** One readable string per id, for labels: a space is a space, a lone byte of a longer character is `<0xE2>`. */
  tokens(ids: readonly number[]): string[];
  /** The content of `tokenizer.json`. */
  toJson(): unknown;
  /** The content of `tokenizer_config.json`. */
  readonly configJson: unknown;
}
