import { fail, type HeadlightError } from '../../core/index.js';
import type { JsonObject } from '../config.js';
import { quote } from '../quote.js';
import type { TokenizerFiles } from '../source.js';
import { numbersOf, plainValues, stringsOf } from './entries.js';
import { preTokenizerJson, preTokenizerNamed, preTokenizerNames } from './pre-tokenizers.js';
import { tokenType } from './token-type.js';
import type { GgufMetadata } from './values.js';

/** Splitting a token everywhere takes the square of its length. */
const longestToken = 512;
const space = '▁';

/**
 * The tokenizer in a file's metadata as the two files that Hugging Face's tokenizers are: SentencePiece's BPE (`llama`, with
 * scores) and byte-level BPE (`gpt2`, with merges).
 *
 * @returns undefined where the file has none
 * @throws `tokenizer` for lists that do not fit each other; `unsupported` for another kind
 */
export function readTokenizer(metadata: GgufMetadata, where: string): TokenizerFiles | undefined {
  const values = plainValues(metadata);
  const kind = values['tokenizer.ggml.model'];
  if (kind === undefined || kind === null || kind === 'none' || kind === 'no_vocab') return undefined;
  const tokens = stringsOf(metadata, 'tokenizer.ggml.tokens');
  if (tokens === undefined) throw broken(where, '"tokenizer.ggml.tokens" is a list of strings', 'none');
  const types = numbersOf(metadata, 'tokenizer.ggml.token_type');
  if (types !== undefined && types.length !== tokens.length) {
    throw broken(where, `"tokenizer.ggml.token_type" has ${tokens.length} items`, String(types.length));
  }
  const long = tokens.find((t) => t.length > longestToken);
  if (long !== undefined) throw broken(where, `tokens of at most ${longestToken} characters`, `${long.length}`);
  const typeOf = (id: number): number => types?.[id] ?? tokenType.normal;
  const files =
    kind === 'llama'
      ? pieces(tokens, typeOf, metadata, values, where)
      : kind === 'gpt2'
        ? byteLevel(tokens, metadata, values, where)
        : undefined;
  if (files === undefined) {
    throw fail('unsupported', {
      where,
      rule: '"tokenizer.ggml.model" is llama or gpt2',
      got: quote(kind),
      fix: 'Put a tokenizer.json beside the file',
    });
  }
  return { json: { ...base, added_tokens: special(tokens, typeOf), ...files }, config: configOf(tokens, values, kind) };
}

function broken(where: string, rule: string, got: string): HeadlightError {
  return fail('tokenizer', { where, rule, got, fix: 'The tokenizer in the file is damaged: put a tokenizer.json beside it' });
}

const base: JsonObject = { version: '1.0', truncation: null, padding: null };

function special(tokens: readonly string[], typeOf: (id: number) => number): JsonObject[] {
  const flags = { single_word: false, lstrip: false, rstrip: false, normalized: false };
  return tokens.flatMap((content, id) => {
    const type = typeOf(id);
    const isSpecial = type === tokenType.control || type === tokenType.unknown;
    return isSpecial || type === tokenType.userDefined ? [{ id, content, ...flags, special: isSpecial }] : [];
  });
}

/**
 * SentencePiece's BPE joins, again and again, the two neighbours whose union has the best score. As merges: every way to cut a
 * token into two tokens, the tokens in the order of their scores.
 */
function pieces(
  tokens: readonly string[],
  typeOf: (id: number) => number,
  metadata: GgufMetadata,
  values: JsonObject,
  where: string,
): JsonObject {
  const scores = numbersOf(metadata, 'tokenizer.ggml.scores');
  if (scores?.length !== tokens.length) {
    throw broken(where, `"tokenizer.ggml.scores" has ${tokens.length} items`, String(scores?.length ?? 'none'));
  }
  const ids = new Map<string, number>();
  tokens.forEach((token, id) => {
    if (!ids.has(token)) ids.set(token, id);
  });
  const joins = (token: string): boolean => typeOf(ids.get(token) ?? 0) === tokenType.normal && ids.has(token);
  const merges: { readonly pair: [string, string]; readonly score: number }[] = [];
  for (const [token, id] of ids) {
    if (!joins(token)) continue;
    const characters = [...token];
    let left = '';
    for (const character of characters.slice(0, -1)) {
      left += character;
      const right = token.slice(left.length);
      if (joins(left) && joins(right)) merges.push({ pair: [left, right], score: scores[id] as number });
    }
  }
  merges.sort((a, b) => b.score - a.score);
  const unknown = tokens.findIndex((_, id) => typeOf(id) === tokenType.unknown);
  const prefix = values['tokenizer.ggml.add_space_prefix'] !== false;
  return {
    normalizer: {
      type: 'Sequence',
      normalizers: [
        ...(prefix ? [{ type: 'Prepend', prepend: space }] : []),
        { type: 'Replace', pattern: { String: ' ' }, content: space },
      ],
    },
    pre_tokenizer: null,
    post_processor: framing(tokens, values, true),
    decoder: {
      type: 'Sequence',
      decoders: [
        { type: 'Replace', pattern: { String: space }, content: ' ' },
        { type: 'ByteFallback' },
        { type: 'Fuse' },
        ...(prefix ? [{ type: 'Strip', content: ' ', start: 1, stop: 0 }] : []),
      ],
    },
    model: {
      type: 'BPE',
      dropout: null,
      unk_token: tokens[unknown] ?? null,
      continuing_subword_prefix: null,
      end_of_word_suffix: null,
      fuse_unk: true,
      byte_fallback: true,
      vocab: Object.fromEntries(ids),
      merges: merges.map(({ pair }) => pair),
    },
  };
}

function byteLevel(tokens: readonly string[], metadata: GgufMetadata, values: JsonObject, where: string): JsonObject {
  // Files without a name are of before there were names: llama.cpp cuts them in a way that fits none quite.
  const name = values['tokenizer.ggml.pre'] ?? 'default';
  const pre = preTokenizerNamed(name);
  if (pre === undefined) {
    throw fail('unsupported', {
      where,
      rule: `"tokenizer.ggml.pre" among ${preTokenizerNames.join(', ')}`,
      got: quote(name),
      fix: 'Put a tokenizer.json beside the file',
    });
  }
  const merges = stringsOf(metadata, 'tokenizer.ggml.merges');
  if (merges === undefined) throw broken(where, '"tokenizer.ggml.merges" is a list of strings', 'none');
  const level = { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: true };
  return {
    normalizer: null,
    pre_tokenizer: preTokenizerJson(pre),
    post_processor: framing(tokens, values, pre.begins) ?? level,
    decoder: level,
    model: {
      type: 'BPE',
      dropout: null,
      unk_token: null,
      continuing_subword_prefix: '',
      end_of_word_suffix: '',
      fuse_unk: false,
      byte_fallback: false,
      ignore_merges: pre.ignoresMerges,
      vocab: Object.fromEntries(tokens.map((token, id) => [token, id])),
      merges,
    },
  };
}

/** What puts the first token before a text, and the last behind it, where the file says so. */
function framing(tokens: readonly string[], values: JsonObject, usual: boolean): JsonObject | null {
  const added = (key: string, byDefault: boolean): { readonly id: number; readonly token: string }[] => {
    const id = values[`tokenizer.ggml.${key}_token_id`];
    const token = typeof id === 'number' ? tokens[id] : undefined;
    const isAdded = (values[`tokenizer.ggml.add_${key}_token`] ?? byDefault) === true;
    return token !== undefined && isAdded ? [{ id: id as number, token }] : [];
  };
  const [before, after] = [added('bos', usual), added('eos', false)];
  if (before.length + after.length === 0) return null;
  const framed = (name: string, type: number): JsonObject[] => {
    const special = ({ token }: { readonly token: string }): JsonObject => ({ SpecialToken: { id: token, type_id: type } });
    return [...before.map(special), { Sequence: { id: name, type_id: type } }, ...after.map(special)];
  };
  return {
    type: 'TemplateProcessing',
    single: framed('A', 0),
    pair: [...framed('A', 0), ...framed('B', 1)],
    special_tokens: Object.fromEntries([...before, ...after].map(({ id, token }) => [token, { id: token, ids: [id], tokens: [token] }])),
  };
}

function configOf(tokens: readonly string[], values: JsonObject, kind: unknown): JsonObject {
  const named = (key: string, name: string): JsonObject => {
    const id = values[`tokenizer.ggml.${key}_token_id`];
    const token = typeof id === 'number' ? tokens[id] : undefined;
    return token === undefined ? {} : { [name]: token };
  };
  const template = values['tokenizer.chat_template'];
  return {
    tokenizer_class: kind === 'llama' ? 'LlamaTokenizer' : 'GPT2Tokenizer',
    ...named('bos', 'bos_token'),
    ...named('eos', 'eos_token'),
    ...named('unknown', 'unk_token'),
    ...named('padding', 'pad_token'),
    ...(typeof template === 'string' ? { chat_template: template } : {}),
  };
}
