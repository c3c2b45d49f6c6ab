import { fail } from '../core/index.js';
import { characterConfig, characterJson } from './character-format.js';
import { checkId } from './check-id.js';
import type { EncodingWithOffsets, Tokenizer } from './tokenizer.js';
import { type Texts, textsOf } from './training.js';

/** One id for each Unicode code point of a vocabulary. */
export class CharacterTokenizer implements Tokenizer {
  readonly size: number;
  readonly configJson: unknown;
  readonly #characters: readonly string[];
  /** The id of each code point below 65,536, −1 for none: nearly all text takes only this one lookup. */
  readonly #basic = new Int32Array(65536).fill(-1);
  readonly #beyond = new Map<number, number>();

  /** @param characters distinct single code points; their places are their ids */
  constructor(characters: readonly string[], configJson: unknown = characterConfig) {
    this.configJson = configJson;
    this.#characters = characters;
    this.size = characters.length;
    characters.forEach((c, id) => {
      const code = c.codePointAt(0) ?? 0;
      if (code < 65536) this.#basic[code] = id;
      else this.#beyond.set(code, id);
    });
  }

  encode(text: string): number[] {
    return Array.from(this.encodeToArray(text));
  }

  /** The ids of a text of any length; [T] int32. */
  encodeToArray(text: string): Int32Array {
    const ids = new Int32Array(text.length);
    let count = 0;
    for (let at = 0; at < text.length; at++) {
      const unit = text.charCodeAt(at);
      let id = this.#basic[unit] as number;
      if (id < 0) {
        const code = text.codePointAt(at) as number;
        const beyond = this.#beyond.get(code);
        if (beyond === undefined) throw unknownCharacter(code, at);
        id = beyond;
        at++; // such a character takes two units
      }
      ids[count++] = id;
    }
    return count === ids.length ? ids : ids.slice(0, count);
  }

  encodeWithOffsets(text: string): EncodingWithOffsets {
    const ids = this.encode(text);
    let at = 0;
    const offsets = ids.map((id): [number, number] => {
      const start = at;
      at += (this.#characters[id] as string).length;
      return [start, at];
    });
    return { ids, offsets };
  }

  idOf(token: string): number | undefined {
    const code = token.codePointAt(0);
    if (code === undefined || token !== String.fromCodePoint(code)) return undefined;
    const id = code < 65536 ? (this.#basic[code] as number) : (this.#beyond.get(code) ?? -1);
    return id < 0 ? undefined : id;
  }

  decode(ids: readonly number[]): string {
    return this.tokens(ids).join('');
  }

  tokens(ids: readonly number[]): string[] {
    return ids.map((id) => {
      checkId(id, this.size);
      return this.#characters[id] as string;
    });
  }

  toJson(): unknown {
    return characterJson(this.#characters);
  }
}

function unknownCharacter(code: number, at: number): Error {
  const hex = code.toString(16).toUpperCase().padStart(4, '0');
  return fail('tokenizer', {
    where: 'encode',
    rule: 'only characters of the vocabulary, those of the text it was made from',
    got: `${JSON.stringify(String.fromCodePoint(code))} (U+${hex}) at position ${at}`,
    fix: 'Leave the character out, or make the vocabulary from a text that has it',
  });
}

/** Gathers the distinct code points of texts. */
class CharacterCollector {
  readonly #basic = new Uint8Array(65536);
  readonly #beyond = new Set<number>();

  /** @throws `tokenizer` for half of a surrogate pair, which no UTF-8 file can hold */
  add(text: string): void {
    for (let at = 0; at < text.length; at++) {
      const unit = text.charCodeAt(at);
      if (unit < 0xd800 || unit > 0xdfff) {
        this.#basic[unit] = 1;
        continue;
      }
      const code = text.codePointAt(at) as number;
      if (code < 65536) {
        throw fail('tokenizer', {
          where: 'trainCharacterTokenizer',
          rule: 'text of whole characters',
          got: `half of a surrogate pair at position ${at}`,
          fix: 'Read the text as UTF-8',
        });
      }
      this.#beyond.add(code);
      at++;
    }
  }

  /** @throws `tokenizer` where there was no character */
  tokenizer(): CharacterTokenizer {
    const basic = Array.from(this.#basic.keys()).filter((c) => this.#basic[c] === 1);
    const codes = [...basic, ...[...this.#beyond].sort((a, b) => a - b)];
    if (codes.length === 0) throw fail('tokenizer', { where: 'trainCharacterTokenizer', rule: 'a text', got: 'an empty one' });
    return new CharacterTokenizer(codes.map((c) => String.fromCodePoint(c)));
  }
}

/**
 * A vocabulary of the distinct code points of a text, in the order of their numbers.
 *
 * @throws `tokenizer` for an empty text, or one with half of a surrogate pair, which no UTF-8 file can hold
 * @example trainCharacterTokenizer('hello').encode('hole') // [1, 3, 2, 0]
 */
export function trainCharacterTokenizer(text: string): CharacterTokenizer {
  const collector = new CharacterCollector();
  collector.add(text);
  return collector.tokenizer();
}

/**
 * The same of a stream of texts, of which one at a time is in memory.
 *
 * @throws `tokenizer` where all texts are empty, or one has half of a surrogate pair
 */
export async function trainCharacterTokenizerFrom(texts: Texts): Promise<CharacterTokenizer> {
  const collector = new CharacterCollector();
  for await (const text of textsOf(texts)) collector.add(text);
  return collector.tokenizer();
}
