import type { AddedToken } from './added-tokens.js';
import type { Merges } from './bpe-model.js';
import { isAmbiguous, isSpelled, unspelled } from './byte-alphabet.js';
import { mostIds } from './limits.js';
import { PairTable } from './pair-table.js';

/** What a `tokenizer.json` of a byte-level vocabulary says, of a form that we fully understand. */
export interface ByteLevelParts {
  /** By id: the token as the vocabulary writes it. */
  readonly vocabulary: readonly string[];
  readonly added: readonly AddedToken[];
  readonly model: { readonly type: 'BPE'; readonly merges: Merges } | { readonly type: 'Unigram'; readonly scores: readonly number[] };
}

/** The frame of a `tokenizer.json` whose text is cut by GPT-2's pattern and spelled in its alphabet of bytes. */
export function byteLevelJson(specialTokens: readonly string[], model: unknown): unknown {
  const byteLevel = { type: 'ByteLevel', add_prefix_space: false, trim_offsets: false, use_regex: true };
  return {
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: specialTokens.map((content, id) => addedTokenJson(id, content)),
    normalizer: null,
    pre_tokenizer: byteLevel,
    post_processor: byteLevel,
    decoder: byteLevel,
    model,
  };
}

/** A special token as `tokenizer.json` lists it: found in text exactly as it is written. */
export function addedTokenJson(id: number, content: string): unknown {
  return { id, content, single_word: false, lstrip: false, rstrip: false, normalized: false, special: true };
}

/**
 * Reads a byte-level BPE or Unigram `tokenizer.json`, GPT-2's and those we write among them.
 *
 * @returns `undefined` for any other form, and for one that is damaged: Hugging Face's reader says what is wrong
 */
export function byteLevelParts(json: unknown, configJson: unknown): ByteLevelParts | undefined {
  const { added_tokens: addedJson, normalizer, pre_tokenizer: words, post_processor: post, decoder, model } = record(json);
  const config = record(configJson);
  const isByteLevel = (part: unknown): boolean => record(part).type === 'ByteLevel';
  const { add_prefix_space: prefix, use_regex: regex = true } = record(words);
  const known =
    normalizer === null &&
    isByteLevel(words) &&
    prefix === false &&
    regex === true &&
    (post === null || isByteLevel(post)) &&
    isByteLevel(decoder) &&
    config.remove_space !== true &&
    config.do_lowercase_and_remove_accent !== true &&
    config.clean_up_tokenization_spaces !== true;
  if (!known) return undefined;
  const specials = Array.isArray(config.additional_special_tokens) ? (config.additional_special_tokens as unknown[]) : [];
  const added = addedTokens(addedJson, specials);
  if (added === undefined) return undefined;
  const type = record(model).type;
  return type === 'BPE' ? bpeParts(record(model), added) : type === 'Unigram' ? unigramParts(record(model), added) : undefined;
}

type Json = Readonly<Record<string, unknown>>;

function record(value: unknown): Json {
  return typeof value === 'object' && value !== null ? (value as Json) : {};
}

function addedTokens(list: unknown, specials: readonly unknown[]): AddedToken[] | undefined {
  if (!Array.isArray(list)) return undefined;
  const added: AddedToken[] = [];
  for (const entry of list as unknown[]) {
    const { id, content, special, lstrip, rstrip, single_word: single } = record(entry);
    if (typeof content !== 'string' || content === '' || typeof id !== 'number') return undefined;
    if (lstrip === true || rstrip === true || single === true || added.some((t) => t.content === content)) return undefined;
    if (isAmbiguous(content)) return undefined;
    added.push({ id, content, special: special === true || specials.includes(content) });
  }
  return added;
}

function bpeParts(model: Json, added: readonly AddedToken[]): ByteLevelParts | undefined {
  const { vocab, merges, dropout, continuing_subword_prefix: prefix, continuing_subword_suffix: inner, end_of_word_suffix: suffix } = model;
  const plain = !dropout && !prefix && !inner && !suffix && !model.byte_fallback && !model.ignore_merges;
  if (!plain || typeof vocab !== 'object' || vocab === null || Array.isArray(vocab) || !Array.isArray(merges)) return undefined;
  const ids = new Map<string, unknown>();
  for (const token of Object.keys(vocab)) ids.set(token, (vocab as Json)[token]);
  const vocabulary = vocabularyOf(ids, added);
  const read = vocabulary && mergesOf(merges, ids as ReadonlyMap<string, number>);
  return read && { vocabulary, added, model: { type: 'BPE', merges: read } };
}

/** Merges by ids; `undefined` where one is not of two tokens of the vocabulary to a third, or stands there twice. */
function mergesOf(list: readonly unknown[], ids: ReadonlyMap<string, number>): Merges | undefined {
  const pairs = new PairTable(list.length);
  const merged = new Int32Array(list.length);
  for (let rank = 0; rank < list.length; rank++) {
    const entry = list[rank];
    const pair: readonly unknown[] = typeof entry === 'string' ? entry.split(' ') : Array.isArray(entry) ? entry : [];
    const left = pair[0];
    const right = pair[1];
    if (typeof left !== 'string' || typeof right !== 'string' || pair[2] !== undefined) return undefined;
    const first = ids.get(left);
    const second = ids.get(right);
    const both = ids.get(left + right);
    if (first === undefined || second === undefined || both === undefined || pairs.put(first, second) !== rank) return undefined;
    merged[rank] = both;
  }
  return { pairs, merged };
}

function unigramParts(model: Json, added: readonly AddedToken[]): ByteLevelParts | undefined {
  const { vocab, unk_id: unknown, byte_fallback: fallback } = model;
  if (!Array.isArray(vocab) || (unknown !== null && unknown !== undefined) || fallback === true) return undefined;
  const entries = vocab as unknown[];
  const ids = new Map<string, number>();
  const scores: number[] = [];
  for (const [id, entry] of entries.entries()) {
    const [token, score] = Array.isArray(entry) ? (entry as unknown[]) : [];
    if (typeof token !== 'string' || ids.has(token) || typeof score !== 'number' || !Number.isFinite(score)) return undefined;
    ids.set(token, id);
    scores.push(score);
  }
  const vocabulary = vocabularyOf(ids, added);
  return vocabulary && { vocabulary, added, model: { type: 'Unigram', scores } };
}

/** Tokens by id, if every id from 0 on has one, every byte is a token, and only added tokens are not spelled in bytes. */
function vocabularyOf(ids: ReadonlyMap<string, unknown>, added: readonly AddedToken[]): string[] | undefined {
  const further = added.filter(({ content }) => !ids.has(content));
  if (added.some(({ id, content }) => ids.has(content) && ids.get(content) !== id)) return undefined;
  const size = ids.size + further.length;
  if (size > mostIds) return undefined;
  const vocabulary = new Array<string>(size);
  const put = (token: string, id: unknown): boolean => {
    if (typeof id !== 'number' || !Number.isInteger(id) || id < 0 || id >= size || vocabulary[id] !== undefined) return false;
    vocabulary[id] = token;
    return true;
  };
  for (const [token, id] of ids) if (!put(token, id)) return undefined;
  for (const { content, id } of further) if (!put(content, id)) return undefined;
  const addedIds = new Set(added.map((t) => t.id));
  const bytes = new Set<number>();
  for (let id = 0; id < size; id++) {
    const token = vocabulary[id] as string;
    if (addedIds.has(id)) continue;
    if (token.length === 0 || !isSpelled(token)) return undefined;
    if (token.length === 1) bytes.add(unspelled(token, 0));
  }
  return bytes.size === 256 ? vocabulary : undefined;
}
