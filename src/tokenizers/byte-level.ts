import { type AddedToken, AddedTokenSplitter } from './added-tokens.js';
import { BpeModel } from './bpe-model.js';
import type { ByteLevelParts } from './byte-level-format.js';
import { checkId } from './check-id.js';
import { IntList } from './int-list.js';
import { preTokenEnd } from './pre-tokens.js';
import { readableBytes } from './readable.js';
import { TokenBytes } from './token-bytes.js';
import type { EncodingWithOffsets, SpecialTokenOptions, Tokenizer } from './tokenizer.js';
import { UnigramModel } from './unigram-model.js';
import { bytePlaces, escapedText, textOf } from './utf8.js';
import { WordEncoder } from './word-encoder.js';

/**
 * A byte-level vocabulary, BPE or Unigram: text is cut into words by GPT-2's pattern, each word's UTF-8 bytes into
 * tokens. Any text, and any bytes, come back as they were. The ids are those of Hugging Face's readers; words are found
 * by a scanner and remembered with their ids, so that a corpus takes little more than a walk over its characters.
 */
export class ByteLevelTokenizer implements Tokenizer {
  readonly size: number;
  readonly configJson: unknown;
  readonly #json: unknown;
  readonly #vocabulary: readonly string[];
  /** Made when it is first asked for. */
  #ids: ReadonlyMap<string, number> | undefined;
  readonly #added: ReadonlyMap<number, AddedToken>;
  readonly #splitter: AddedTokenSplitter<AddedToken>;
  readonly #words: WordEncoder;
  readonly #bytes: TokenBytes;

  /** @param parts what `byteLevelParts` read in `json` and `configJson` */
  constructor(json: unknown, configJson: unknown, { vocabulary, added, model }: ByteLevelParts) {
    this.size = vocabulary.length;
    this.configJson = configJson;
    this.#json = json;
    this.#vocabulary = vocabulary;
    this.#added = new Map(added.map((t) => [t.id, t]));
    this.#splitter = new AddedTokenSplitter(added);
    this.#bytes = new TokenBytes(vocabulary, new Set(this.#added.keys()));
    const spelled = [...vocabulary.keys()].filter((id) => !this.#added.has(id));
    if (model.type === 'BPE') {
      const byteIds = new Int32Array(256);
      for (const id of spelled) if (this.#bytes.length(id) === 1) byteIds[this.#bytes.of(id)[0] as number] = id;
      this.#words = new WordEncoder(new BpeModel(byteIds, model.merges));
    } else {
      const pieces = spelled.map((id) => ({ id, bytes: this.#bytes.of(id), score: model.scores[id] as number }));
      this.#words = new WordEncoder(new UnigramModel(pieces));
    }
  }

  encode(text: string): number[] {
    return Array.from(this.encodeToArray(text));
  }

  encodeToArray(text: string): Int32Array {
    return this.#encode(text, false);
  }

  encodeBytes(bytes: Uint8Array): Int32Array {
    const text = textOf(bytes);
    return text === undefined ? this.#encode(escapedText(bytes), true) : this.#encode(text, false);
  }

  encodeWithOffsets(text: string): EncodingWithOffsets {
    const ids: number[] = [];
    const offsets: [number, number][] = [];
    const list = new IntList();
    const stretch = (start: number, end: number): void => {
      for (let at = start; at < end; ) {
        const to = preTokenEnd(text, at, end);
        list.length = 0;
        this.#words.encode(text, at, to, list);
        const places = bytePlaces(text, at, to);
        let byte = 0;
        for (const id of list.data.subarray(0, list.length)) {
          const first = places[byte] as [number, number];
          byte += this.#bytes.length(id);
          ids.push(id);
          offsets.push([first[0], (places[byte - 1] as [number, number])[1]]);
        }
        at = to;
      }
    };
    this.#splitter.walk(text, stretch, ({ id }, start, end) => {
      ids.push(id);
      offsets.push([start, end]);
    });
    return { ids, offsets };
  }

  decode(ids: readonly number[], { specialTokens = false }: SpecialTokenOptions = {}): string {
    // An added token ends a run of bytes: what is left of a character before it is not joined with what comes after.
    const parts: string[] = [];
    let run: number[] = [];
    const flush = (): void => {
      if (run.length > 0) parts.push(new TextDecoder('utf-8', { ignoreBOM: true }).decode(this.decodeBytes(run)));
      run = [];
    };
    for (const id of ids) {
      checkId(id, this.size);
      const added = this.#added.get(id);
      if (added === undefined) run.push(id);
      else if (specialTokens || !added.special) {
        flush();
        parts.push(added.content);
      }
    }
    flush();
    return parts.join('');
  }

  decodeBytes(ids: readonly number[]): Uint8Array {
    let length = 0;
    for (const id of ids) {
      checkId(id, this.size);
      length += this.#bytes.length(id);
    }
    const bytes = new Uint8Array(length);
    let at = 0;
    for (const id of ids) {
      const token = this.#bytes.of(id);
      bytes.set(token, at);
      at += token.length;
    }
    return bytes;
  }

  idOf(token: string): number | undefined {
    this.#ids ??= new Map(this.#vocabulary.map((each, id) => [each, id]));
    return this.#ids.get(token);
  }

  tokens(ids: readonly number[]): string[] {
    return ids.map((id) => {
      checkId(id, this.size);
      return this.#added.has(id) ? (this.#vocabulary[id] as string) : readableBytes(this.#bytes.of(id));
    });
  }

  toJson(): unknown {
    return this.#json;
  }

  #encode(text: string, escaped: boolean): Int32Array {
    const ids = new IntList(text.length / 3);
    const stretch = (start: number, end: number): void => {
      for (let at = start; at < end; ) {
        const to = preTokenEnd(text, at, end);
        this.#words.encode(text, at, to, ids, escaped);
        at = to;
      }
    };
    this.#splitter.walk(text, stretch, ({ id }) => ids.push(id));
    return ids.toArray();
  }
}
