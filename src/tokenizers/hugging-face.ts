import * as library from '@huggingface/tokenizers';
import { fail } from '../core/index.js';
import { checkId } from './check-id.js';
import { readable, type Spelling, spellingOf } from './readable.js';
import type { SpecialTokenOptions, Tokenizer } from './tokenizer.js';

/** Ids make arrays of their size, so a single huge one would fill the memory. The largest vocabularies have 2^18. */
const mostIds = 2 ** 22;

/** What we use of the library. Its own declarations import without file endings, so TypeScript finds no types in them here. */
interface Engine {
  encode(text: string, options: { add_special_tokens: boolean }): { ids: (number | undefined)[]; tokens: string[] };
  decode(ids: number[], options: { skip_special_tokens: boolean; clean_up_tokenization_spaces: boolean }): string;
  id_to_token(id: number): string | undefined;
}
const { Tokenizer: EngineClass } = library as unknown as { Tokenizer: new (json: unknown, configJson: unknown) => Engine };

/** Any `tokenizer.json` there is, by Hugging Face's own library. */
export class HuggingFaceTokenizer implements Tokenizer {
  readonly size: number;
  readonly configJson: unknown;
  readonly #json: unknown;
  readonly #engine: Engine;
  readonly #spelling: Spelling;
  readonly #cleanUp: boolean;

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
