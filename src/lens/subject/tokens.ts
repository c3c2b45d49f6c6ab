import { fail, HostArray, symbol } from '../../core/index.js';
import { Bert, type TokenModel } from '../../models/index.js';
import type { Tensor } from '../../ops/index.js';
import type { Tokenizer } from '../../tokenizers/index.js';
import type { Feeds, Subject } from './subject.js';

/** What a model is run on: text (with a tokenizer), or ids as a list, or several lists of equal length. */
export type Prompt = string | readonly number[] | readonly (readonly number[])[];

/** Ids a sequence may have. */
export interface TokenLimits {
  readonly vocabulary: number;
  readonly context: number;
}

/** A model of tokens, decoder or encoder: `ids` [B,T]. */
export function tokenSubject<M extends TokenModel>(model: M, tokenizer?: Tokenizer): Subject<Prompt, M> {
  return {
    model,
    inputs: [{ name: 'ids', spec: { shape: [symbol('B'), symbol('T')], dtype: 'int32' } }],
    feeds: (prompt) => ({ ids: idsOf(prompt, model, tokenizer, 'prompt') }),
    trace: (m, { ids }) => m.forward(ids as Tensor),
    ...(!(model instanceof Bert) && { targets: ({ ids }: Feeds) => followingTokens(ids as HostArray) }),
    labels: ({ ids }) => tokenLabels(ids as HostArray, tokenizer),
    tokenId: (text) => tokenIdOf(text, tokenizer),
  };
}

/**
 * [B,T] int32 of a prompt.
 * @throws value: no token, more than the context, ids outside the vocabulary; shape: rows of several lengths; tokenizer: text without one
 */
export function idsOf(prompt: Prompt, limits: TokenLimits, tokenizer: Tokenizer | undefined, where: string): HostArray {
  const rows = rowsOf(prompt, tokenizer);
  const { vocabulary, context } = limits;
  const length = rows[0]?.length ?? 0;
  if (length === 0) throw fail('value', { where, rule: 'at least one token', got: 'none' });
  if (length > context)
    throw fail('value', { where, rule: `at most ${context} tokens, the model's context`, got: String(length), fix: 'Shorten it' });
  if (rows.some((r) => r.length !== length))
    throw fail('shape', { where, rule: 'rows of one length', got: rows.map((r) => r.length).join(', ') });
  const bad = rows.flat().find((id) => !(Number.isInteger(id) && id >= 0 && id < vocabulary));
  if (bad !== undefined) throw fail('value', { where, rule: `token ids from 0 to ${vocabulary - 1}`, got: String(bad) });
  return new HostArray(Int32Array.from(rows.flat()), [rows.length, length], 'int32');
}

function rowsOf(prompt: Prompt, tokenizer: Tokenizer | undefined): readonly (readonly number[])[] {
  if (typeof prompt !== 'string') return prompt.every((x) => typeof x === 'number') ? [prompt] : (prompt as readonly (readonly number[])[]);
  if (tokenizer === undefined)
    throw fail('tokenizer', { where: 'lens', rule: 'ids, for a model without a tokenizer', got: 'text', fix: 'Give ids' });
  return [tokenizer.encode(prompt)];
}

/** For each position the token that follows, −100 after the last. */
export function followingTokens(ids: HostArray): number[][] {
  const [rows, length] = ids.shape as [number, number];
  return Array.from({ length: rows }, (_, r) => [...(ids.data as Int32Array).subarray(r * length + 1, (r + 1) * length), -100]);
}

/** The text of each token of the first row; its id, without a tokenizer. */
export function tokenLabels(ids: HostArray, tokenizer: Tokenizer | undefined): readonly string[] {
  const first = Array.from((ids.data as Int32Array).subarray(0, ids.shape[1] as number));
  return tokenizer?.tokens(first) ?? first.map(String);
}

/** The id of a token written as text. @throws tokenizer: no tokenizer, or text of several tokens */
export function tokenIdOf(text: string, tokenizer: Tokenizer | undefined): number {
  if (tokenizer === undefined)
    throw fail('tokenizer', { where: 'token', rule: 'an id, for a model without a tokenizer', got: JSON.stringify(text), fix: 'Give ids' });
  const whole = tokenizer.idOf(text);
  const ids = tokenizer.encode(text, { specialTokens: false });
  if (ids.length === 1) return ids[0] as number;
  if (whole !== undefined) return whole;
  const fix = 'Give one token of it, with the space that may stand before a word, or its id';
  throw fail('tokenizer', { where: 'token', rule: 'text of one token', got: `${JSON.stringify(text)}, ${ids.length} tokens`, fix });
}
