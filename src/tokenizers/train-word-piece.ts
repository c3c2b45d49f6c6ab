import { fail } from '../core/index.js';
import { addedTokenJson } from './byte-level-format.js';
import { IntList } from './int-list.js';
import { BertNormalizer, BertPreTokenizer } from './library.js';
import { tokenizerFromJson } from './load.js';
import { type CountedWords, MergeLearner } from './merge-learner.js';
import { blankEnd } from './pre-tokens.js';
import type { Tokenizer } from './tokenizer.js';
import { checkAnyText, checkFrequency, checkSize, checkSpecialTokens, type MergingOptions, type Texts, trainedConfig } from './training.js';
import { countWords, type WordCounter } from './word-counter.js';

export interface WordPieceOptions extends MergingOptions {
  /** Lower case and no accents, as BERT's uncased models (default true). */
  readonly lowercase?: boolean;
  /** Different characters at most, the most frequent ones; words with others become `[UNK]` (default 1,000). */
  readonly alphabet?: number;
}

const continuation = '##';
/** Longer words are `[UNK]` (BERT's own limit). */
const longestWord = 100;

/**
 * A WordPiece vocabulary as BERT uses it, learned from texts: the special tokens, characters, and parts of words, those
 * inside a word written with `##`. Text is normalised and cut into words as BERT's is.
 *
 * Which pair is merged: the most frequent, as Hugging Face's trainer does. Schuster and Nakajima (2012) ask for the pair
 * that raises the likelihood most, usually read as count(ab) / (count(a) · count(b)); taken alone, that ratio favours
 * pairs of rare characters that occur only together, and spends a small vocabulary on them.
 *
 * @param texts a text, several, or a stream: only different words stay in memory
 * @throws `value` for options out of range, among them special tokens without `[UNK]`; `tokenizer` where the texts are empty
 */
export async function trainWordPiece(texts: Texts, options: WordPieceOptions): Promise<Tokenizer> {
  const { size, lowercase = true, alphabet = 1000, minFrequency = 2, onProgress } = options;
  const { specialTokens = ['[PAD]', '[UNK]', '[CLS]', '[SEP]', '[MASK]'] } = options;
  checkOptions(specialTokens, size, minFrequency, alphabet);
  const chunks = await countWords(texts, blankEnd, specialTokens, onProgress);
  const normalizer = { type: 'BertNormalizer', clean_text: true, handle_chinese_chars: true, strip_accents: null, lowercase };
  const words = normalisedWords(chunks, normalizer);
  checkAnyText('trainWordPiece', words.size);

  const vocabulary = [...specialTokens];
  const ids = new Map(vocabulary.map((token, id) => [token, id]));
  const add = (token: string): number => {
    const known = ids.get(token);
    if (known !== undefined) return known;
    ids.set(token, vocabulary.length);
    return vocabulary.push(token) - 1;
  };
  const counted = asCharacters(words, alphabet, size - specialTokens.length, add);
  const learner = new MergeLearner(counted);
  const name = (left: number, right: number): number =>
    add(`${vocabulary[left]}${(vocabulary[right] as string).slice(continuation.length)}`);
  while (vocabulary.length < size && learner.step(minFrequency, name)) {
    onProgress?.({ stage: 'learning', done: vocabulary.length, total: size });
  }
  const json = {
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: specialTokens.map((content, id) => addedTokenJson(id, content)),
    normalizer,
    pre_tokenizer: { type: 'BertPreTokenizer' },
    post_processor: template(specialTokens),
    decoder: { type: 'WordPiece', prefix: continuation, cleanup: true },
    model: {
      type: 'WordPiece',
      unk_token: '[UNK]',
      continuing_subword_prefix: continuation,
      max_input_chars_per_word: longestWord,
      vocab: Object.fromEntries(ids),
    },
  };
  const config = trainedConfig(specialTokens) as object;
  return tokenizerFromJson(json, { ...config, do_lower_case: lowercase });
}

function checkOptions(specialTokens: readonly string[], size: number, minFrequency: number, alphabet: number): void {
  const where = 'trainWordPiece';
  checkSpecialTokens(where, specialTokens);
  if (!specialTokens.includes('[UNK]')) {
    throw fail('value', {
      where,
      rule: 'specialTokens: with [UNK], which stands for words that the vocabulary cannot write',
      got: JSON.stringify(specialTokens),
      fix: 'Add [UNK]',
    });
  }
  checkSize(where, size, specialTokens.length + 1, `${specialTokens.length} special tokens and a character`);
  checkFrequency(where, minFrequency);
  if (Number.isInteger(alphabet) && alphabet >= 1) return;
  throw fail('value', { where, rule: 'alphabet: a whole number from 1 on', got: String(alphabet), fix: 'Leave it out for 1,000' });
}

/** BERT's words, from stretches of text without blanks: what its normaliser does never reaches over a blank. */
function normalisedWords(chunks: WordCounter, normalizer: Readonly<Record<string, unknown>>): Map<string, number> {
  const normalise = new BertNormalizer(normalizer);
  const split = new BertPreTokenizer();
  const words = new Map<string, number>();
  for (let c = 0; c < chunks.size; c++) {
    for (const word of split(normalise(chunks.word(c)))) words.set(word, (words.get(word) ?? 0) + chunks.count(c));
  }
  return words;
}

/**
 * Words as rows of characters, those after the first with `##`. Characters beyond the `most` frequent ones, and forms
 * beyond the `room` there is, are no tokens; words that have them are left out.
 */
function asCharacters(words: ReadonlyMap<string, number>, most: number, room: number, add: (token: string) => number): CountedWords {
  const characters = [...words].map(([word, count]) => ({ forms: [...word], count })).filter(({ forms }) => forms.length <= longestWord);
  const alphabet = mostFrequent(characters, most);
  const written = characters
    .filter(({ forms }) => forms.every((c) => alphabet.has(c)))
    .map(({ forms, count }) => ({ forms: forms.map((c, at) => (at === 0 ? c : continuation + c)), count }));
  const tokens = mostFrequent(written, room);
  for (const form of [...tokens].sort(byLengthThenCode)) add(form);
  const symbols = new IntList();
  const ends = new IntList();
  const known = written.filter(({ forms }) => forms.every((f) => tokens.has(f)));
  for (const { forms } of known) {
    for (const form of forms) symbols.push(add(form));
    ends.push(symbols.length);
  }
  return { symbols, ends, counts: known.map(({ count }) => count) };
}

function mostFrequent(words: readonly { forms: readonly string[]; count: number }[], most: number): Set<string> {
  const frequency = new Map<string, number>();
  for (const { forms, count } of words) for (const f of forms) frequency.set(f, (frequency.get(f) ?? 0) + count);
  const sorted = [...frequency].sort(([a, n], [b, m]) => m - n || byLengthThenCode(a, b));
  return new Set(sorted.slice(0, most).map(([form]) => form));
}

/** Characters first, then those with `##`; each by code point. */
function byLengthThenCode(a: string, b: string): number {
  const [x, y] = [Array.from(a), Array.from(b)];
  return x.length - y.length || (x.at(-1)?.codePointAt(0) as number) - (y.at(-1)?.codePointAt(0) as number);
}

/** `[CLS]` before a text and `[SEP]` after it, and after a second one, as BERT has it; nothing where the two are not both there. */
function template(specialTokens: readonly string[]): unknown {
  const cls = specialTokens.indexOf('[CLS]');
  const sep = specialTokens.indexOf('[SEP]');
  if (cls < 0 || sep < 0) return null;
  const special = (id: string, type: number): unknown => ({ SpecialToken: { id, type_id: type } });
  const sequence = (id: string, type: number): unknown => ({ Sequence: { id, type_id: type } });
  const single = [special('[CLS]', 0), sequence('A', 0), special('[SEP]', 0)];
  return {
    type: 'TemplateProcessing',
    single,
    pair: [...single, sequence('B', 1), special('[SEP]', 1)],
    special_tokens: {
      '[CLS]': { id: '[CLS]', ids: [cls], tokens: ['[CLS]'] },
      '[SEP]': { id: '[SEP]', ids: [sep], tokens: ['[SEP]'] },
    },
  };
}
