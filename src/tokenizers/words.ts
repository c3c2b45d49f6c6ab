import { fail } from '../core/index.js';
import { checkId } from './check-id.js';
import type { EncodingWithOffsets, Tokenizer } from './tokenizer.js';

/** Transformers has no class of its own for it; and text must not be tidied up after decoding. */
const wordConfig: unknown = { tokenizer_class: 'PreTrainedTokenizerFast', clean_up_tokenization_spaces: false };

/** One id for each word of a fixed list; words are what white space separates. */
export class WordTokenizer implements Tokenizer {
  readonly size: number;
  readonly configJson: unknown = wordConfig;
  readonly #words: readonly string[];
  readonly #ids: ReadonlyMap<string, number>;

  /**
   * @param words distinct, without white space; their places are their ids
   * @throws `tokenizer` for no words, a word twice, or one with white space in it
   */
  constructor(words: readonly string[]) {
    this.#words = words;
    this.size = words.length;
    this.#ids = new Map(words.map((word, id) => [word, id]));
    const wrong = words.find((word) => !/^\S+$/u.test(word)) ?? words.find((word, id) => this.#ids.get(word) !== id);
    if (words.length > 0 && wrong === undefined) return;
    throw fail('tokenizer', {
      where: 'WordTokenizer',
      rule: 'a list of different words without white space',
      got: wrong === undefined ? 'an empty list' : JSON.stringify(wrong),
    });
  }

  encode(text: string): number[] {
    return this.encodeWithOffsets(text).ids;
  }

  encodeWithOffsets(text: string): EncodingWithOffsets {
    const ids: number[] = [];
    const offsets: [number, number][] = [];
    for (const match of text.matchAll(/\S+/gu)) {
      const [word] = match;
      const id = this.#ids.get(word);
      if (id === undefined) throw unknownWord(word, match.index);
      ids.push(id);
      offsets.push([match.index, match.index + word.length]);
    }
    return { ids, offsets };
  }

  idOf(token: string): number | undefined {
    return this.#ids.get(token);
  }

  decode(ids: readonly number[]): string {
    return this.tokens(ids).join(' ');
  }

  tokens(ids: readonly number[]): string[] {
    return ids.map((id) => {
      checkId(id, this.size);
      return this.#words[id] as string;
    });
  }

  /**
   * A word-level model over white space. The unknown token that the format asks for is not in the vocabulary, so that
   * readers refuse a word they do not know instead of making something of it.
   */
  toJson(): unknown {
    return {
      version: '1.0',
      truncation: null,
      padding: null,
      added_tokens: [],
      normalizer: null,
      pre_tokenizer: { type: 'WhitespaceSplit' },
      post_processor: null,
      decoder: null,
      model: { type: 'WordLevel', vocab: Object.fromEntries(this.#ids), unk_token: '[UNK]' },
    };
  }
}

function unknownWord(word: string, at: number): Error {
  return fail('tokenizer', {
    where: 'encode',
    rule: 'only words of the vocabulary, with white space between them',
    got: `${JSON.stringify(word.slice(0, 80))} at position ${at}`,
    fix: 'Leave the word out, or write spaces between words',
  });
}
