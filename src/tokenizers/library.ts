import * as library from '@huggingface/tokenizers';

/** A token that the library finds in text as it is written. */
export interface LibraryToken {
  readonly id: number;
  readonly content: string;
  readonly special: boolean;
  readonly lstrip: boolean;
  readonly rstrip: boolean;
}

/** Cuts a text at every token of a list. */
interface Splitter {
  split(text: string): string[];
}

/** What we use of the library. Its own declarations import without file endings, so TypeScript finds no types in them here. */
export interface Engine {
  encode(text: string, options: { add_special_tokens: boolean }): { ids: (number | undefined)[]; tokens: string[] };
  decode(ids: number[], options: { skip_special_tokens: boolean; clean_up_tokenization_spaces: boolean }): string;
  id_to_token(id: number): string | undefined;
  token_to_id(token: string): number | undefined;
  readonly normalizer: ((text: string) => string) | null;
  readonly pre_tokenizer: ((text: string, options: { section_index: number }) => string[]) | null;
  readonly model: ((words: string[]) => string[]) & { readonly unk_token?: string; readonly unk_token_id?: number };
  readonly added_tokens_map: ReadonlyMap<string, LibraryToken>;
  readonly splitter_unnormalized: Splitter;
  readonly splitter_normalized: Splitter;
  readonly remove_space?: boolean;
  readonly do_lowercase_and_remove_accent: boolean;
}

type Json = Readonly<Record<string, unknown>>;

/** The parts of the library by name. */
export const { Tokenizer, BertNormalizer, BertPreTokenizer } = library as unknown as {
  Tokenizer: new (json: unknown, configJson: unknown) => Engine;
  BertNormalizer: new (config: Json) => (text: string) => string;
  BertPreTokenizer: new () => (text: string) => string[];
};
