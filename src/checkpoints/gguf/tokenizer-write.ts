import { fail, type HeadlightError } from '../../core/index.js';
import type { JsonObject } from '../config.js';
import { quote } from '../quote.js';
import type { TokenizerFiles } from '../source.js';
import { flag, type MetadataEntry, text, texts, uint } from './entries.js';
import { preTokenizerOf } from './pre-tokenizers.js';
import { tokenType } from './token-type.js';

/**
 * A BPE tokenizer as GGUF's metadata: with `byte_fallback` as `llama`, whose scores are the ranks of merges, byte-level as
 * `gpt2`, with the name of its words. The inverse of `readTokenizer`.
 *
 * @throws `unsupported` for a tokenizer that GGUF, or this writer, has no form for; `tokenizer` for ids with gaps
 */
export function writeTokenizer({ json, config }: TokenizerFiles, where: string): MetadataEntry[] {
  const model = (json.model ?? {}) as JsonObject;
  const isPieces = model.type === 'BPE' && model.byte_fallback === true;
  const words = model.type === 'BPE' && !isPieces ? preTokenizerOf(json.pre_tokenizer, model.ignore_merges === true) : undefined;
  if (!isPieces && words === undefined) {
    const kind = `${quote(model.type ?? 'none')} with the pre-tokenizer ${quote((json.pre_tokenizer as JsonObject | null)?.type ?? 'none')}`;
    const rule = 'BPE with byte fallback, or byte-level with words that GGUF has a name for';
    throw fail('unsupported', { where, rule, got: kind });
  }
  const frame = frameOf(json.post_processor);
  const added = (Array.isArray(json.added_tokens) ? json.added_tokens : []) as readonly JsonObject[];
  const tokens = tokensOf(model.vocab, added, where);
  const merges = mergesOf(model.merges, where);
  const types = typesOf(tokens, added, typeof model.unk_token === 'string' ? model.unk_token : undefined, isPieces);
  return [
    text('tokenizer.ggml.model', isPieces ? 'llama' : 'gpt2'),
    ...(words === undefined ? [] : [text('tokenizer.ggml.pre', words.names[0] ?? '')]),
    texts('tokenizer.ggml.tokens', tokens),
    ['tokenizer.ggml.token_type', { type: 'array', value: { of: 'int32', items: types } }],
    ...(isPieces
      ? [scoresOf(tokens, merges)]
      : [
          texts(
            'tokenizer.ggml.merges',
            merges.map((pair) => pair.join(' ')),
          ),
        ]),
    ...idEntries(tokens, config),
    flag('tokenizer.ggml.add_bos_token', frame.begins),
    ...(frame.ends ? [flag('tokenizer.ggml.add_eos_token', true)] : []),
    ...(isPieces ? [flag('tokenizer.ggml.add_space_prefix', JSON.stringify(json.normalizer ?? null).includes('Prepend'))] : []),
    ...(typeof config.chat_template === 'string' ? [text('tokenizer.chat_template', config.chat_template)] : []),
  ];
}

/** Whether a special token stands before a text, and behind it. */
function frameOf(processor: unknown): { readonly begins: boolean; readonly ends: boolean } {
  const { type, processors, single } = (processor ?? {}) as JsonObject;
  if (type === 'Sequence' && Array.isArray(processors)) {
    const frames = processors.map(frameOf);
    return { begins: frames.some(({ begins }) => begins), ends: frames.some(({ ends }) => ends) };
  }
  const parts = (Array.isArray(single) ? single : []) as readonly (JsonObject | null)[];
  const isSpecial = (part: JsonObject | null | undefined): boolean => part?.SpecialToken !== undefined;
  return { begins: isSpecial(parts[0]), ends: isSpecial(parts.at(-1)) };
}

function broken(where: string, rule: string, got: string): HeadlightError {
  return fail('tokenizer', { where, rule, got });
}

/** Tokens by id, without gaps. */
function tokensOf(vocab: unknown, added: readonly JsonObject[], where: string): string[] {
  const pairs: [string, unknown][] = [
    ...Object.entries((vocab ?? {}) as object),
    ...added.map((a): [string, unknown] => [String(a.content), a.id]),
  ];
  const tokens = new Map<number, string>();
  for (const [token, id] of pairs) if (typeof id === 'number') tokens.set(id, token);
  return Array.from({ length: tokens.size }, (_, id) => {
    const token = tokens.get(id);
    if (token === undefined) throw broken(where, `a token for every id below ${tokens.size}`, `none for ${id}`);
    return token;
  });
}

/** Merges are pairs, or, in older files, strings with one space. */
function mergesOf(merges: unknown, where: string): [string, string][] {
  if (!Array.isArray(merges)) throw broken(where, '"merges" is a list', typeof merges);
  return merges.map((merge: unknown) => {
    const pair: unknown = typeof merge === 'string' ? merge.split(' ') : merge;
    if (Array.isArray(pair) && pair.length === 2 && pair.every((part) => typeof part === 'string')) return pair as [string, string];
    throw broken(where, 'each of "merges" is two tokens', quote(merge));
  });
}

function typesOf(tokens: readonly string[], added: readonly JsonObject[], unknown: string | undefined, isPieces: boolean): Int32Array {
  const special = new Map(added.map((a) => [a.content, a.special === true]));
  return Int32Array.from(tokens, (token) => {
    if (token === unknown) return tokenType.unknown;
    if (special.has(token)) return special.get(token) ? tokenType.control : tokenType.userDefined;
    return isPieces && /^<0x[0-9A-F]{2}>$/.test(token) ? tokenType.byte : tokenType.normal;
  });
}

/** A token's score falls with the first merge that makes it; what nothing makes stands last. */
function scoresOf(tokens: readonly string[], merges: readonly [string, string][]): MetadataEntry {
  const ranks = new Map<string, number>();
  merges.forEach(([left, right], rank) => {
    if (!ranks.has(left + right)) ranks.set(left + right, rank);
  });
  const items = Float32Array.from(tokens, (token) => -(ranks.get(token) ?? merges.length));
  return ['tokenizer.ggml.scores', { type: 'array', value: { of: 'float32', items } }];
}

function idEntries(tokens: readonly string[], config: JsonObject): MetadataEntry[] {
  const names = [
    ['bos_token', 'bos'],
    ['eos_token', 'eos'],
    ['unk_token', 'unknown'],
    ['pad_token', 'padding'],
  ] as const;
  return names.flatMap(([name, key]) => {
    const value = config[name];
    const content = typeof value === 'object' && value !== null ? (value as JsonObject).content : value;
    const id = typeof content === 'string' ? tokens.indexOf(content) : -1;
    return id < 0 ? [] : [uint(`tokenizer.ggml.${key}_token_id`, id)];
  });
}
