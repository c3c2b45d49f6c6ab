import { fail } from '../core/index.js';
import { checkId } from './check-id.js';
import { type Engine, Tokenizer as EngineClass } from './library.js';
import { OffsetFinder } from './library-offsets.js';
import { mostIds } from './limits.js';
import { readable, type Spelling, spellingOf } from './readable.js';
import type { EncodingWithOffsets, SpecialTokenOptions, Tokenizer } from './tokenizer.js';

/** Any `tokenizer.json` there is, by Hugging Face's own library. */
export class HuggingFaceTokenizer implements Tokenizer {
  readonly size: number;
  readonly configJson: unknown;
  readonly #json: unknown;
  readonly #engine: Engine;
  readonly #spelling: Spelling;
  readonly #cleanUp: boolean;
  /** Made when first asked for. */
  #offsets: OffsetFinder | undefined;

  /**
   * @param json the content of `tokenizer.json`
   * @param configJson the content of `tokenizer_config.json`
   * @throws `Error` of any kind for content that it cannot use; `loadTokenizer` makes one clear error of it
   */
  constructor(json: unknown, configJson: unknown) {
    this.size = highestId(json) + 1;
    this.#json = json;
    this.configJson = configJson;
    this.#engine = new EngineClass(json, configJson);
    this.#spelling = spellingOf((json as { decoder?: unknown }).decoder);
    // Unless asked for, no tidying of spaces: decode(encode(text)) should be the text.
    this.#cleanUp = (configJson as { clean_up_tokenization_spaces?: unknown }).clean_up_tokenization_spaces === true;
  }

  encode(text: string, { specialTokens = true }: SpecialTokenOptions = {}): number[] {
    const { ids, tokens } = this.#engine.encode(text, { add_special_tokens: specialTokens });
    return ids.map((id, at) => {
      if (id !== undefined) return id;
      throw fail('tokenizer', {
        where: 'encode',
        rule: 'text that the vocabulary can express, which has no token for the unknown',
        got: JSON.stringify(tokens[at]).slice(0, 80),
      });
    });
  }

  encodeToArray(text: string): Int32Array {
    return Int32Array.from(this.encode(text, { specialTokens: false }));
  }

  encodeWithOffsets(text: string, options: SpecialTokenOptions = {}): EncodingWithOffsets {
    const ids = this.encode(text, options);
    this.#offsets ??= new OffsetFinder(this.#json, this.#engine);
    const found = this.#offsets.find(text);
    const before = options.specialTokens === false ? 0 : this.#offsets.before;
    const after = ids.length - found.length - before;
    if (after < 0) {
      throw fail('unsupported', {
        where: 'encodeWithOffsets',
        rule: 'a vocabulary whose words become the same tokens one by one as together',
        got: `${ids.length} ids for ${found.length} places`,
        fix: 'Use encode, without offsets',
      });
    }
    const around = (count: number, at: number): [number, number][] => Array.from({ length: count }, () => [at, at]);
    return { ids, offsets: [...around(before, 0), ...found, ...around(after, text.length)] };
  }

  idOf(token: string): number | undefined {
    return this.#engine.token_to_id(token);
  }

  decode(ids: readonly number[], { specialTokens = false }: SpecialTokenOptions = {}): string {
    for (const id of ids) checkId(id, this.size);
    if (ids.length === 0) return '';
    return this.#engine.decode([...ids], { skip_special_tokens: !specialTokens, clean_up_tokenization_spaces: this.#cleanUp });
  }

  tokens(ids: readonly number[]): string[] {
    return ids.map((id) => {
      checkId(id, this.size);
      return readable(this.#engine.id_to_token(id) ?? `<unused ${id}>`, this.#spelling);
    });
  }

  toJson(): unknown {
    return this.#json;
  }
}

/** The largest id that a `tokenizer.json` names. */
function highestId(json: unknown): number {
  const { model, added_tokens: added } = json as { model: { vocab: unknown }; added_tokens: unknown };
  const { vocab } = model;
  let highest = -1;
  const note = (id: unknown, token: unknown): void => {
    if (typeof token !== 'string' || !Number.isInteger(id) || (id as number) < 0 || (id as number) >= mostIds) {
      throw new Error(`the id of ${JSON.stringify(token)} is not a whole number below ${mostIds}`);
    }
    highest = Math.max(highest, id as number);
  };
  // Unigram lists its tokens, with scores; the others map tokens to ids.
  if (Array.isArray(vocab))
    vocab.forEach((entry: unknown, id) => {
      note(id, (entry as unknown[])[0]);
    });
  else for (const [token, id] of Object.entries(vocab as object)) note(id, token);
  for (const { id, content } of added as Iterable<{ id: unknown; content: unknown }>) note(id, content);
  if (highest < 0) throw new Error('the vocabulary is empty');
  return highest;
}
