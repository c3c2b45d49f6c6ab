import { fail } from '../core/index.js';
import { isAmbiguous } from './byte-alphabet.js';
import { mostIds } from './limits.js';

/** Where texts come from: one, several, or a stream of them. Each is a text of its own: no word reaches into the next. */
export type Texts = string | Iterable<string> | AsyncIterable<string>;

/** How far a training has come. */
export interface TrainingProgress {
  /** `reading` counts UTF-16 units of text; `learning` counts tokens, made by merging or dropped from too many. */
  readonly stage: 'reading' | 'learning';
  readonly done: number;
  /** How many there will be, where that is known. */
  readonly total?: number;
}

/** What every trainer of a vocabulary takes. */
export interface VocabularyOptions {
  /** Tokens in all, special ones too. A small text may give fewer. */
  readonly size: number;
  /** Tokens found in text as they are written, and never made or cut by training; they get the first ids. */
  readonly specialTokens?: readonly string[];
  readonly onProgress?: (progress: TrainingProgress) => void;
}

/** What trainers that merge pairs also take. */
export interface MergingOptions extends VocabularyOptions {
  /** A pair seen less often than this is not merged (default 2). */
  readonly minFrequency?: number;
}

/** A single text is not taken for a stream of its characters. */
export function textsOf(texts: Texts): Iterable<string> | AsyncIterable<string> {
  return typeof texts === 'string' ? [texts] : texts;
}

/** @throws `value` for a size that leaves no room for what the vocabulary must hold */
export function checkSize(where: string, size: number, least: number, reason: string): void {
  if (Number.isInteger(size) && size >= least && size <= mostIds) return;
  throw fail('value', {
    where,
    rule: `size: a whole number from ${least} (${reason}) to ${mostIds}`,
    got: String(size),
    fix: 'Choose another size, such as 8192',
  });
}

/** @throws `value` for a frequency that is no whole number from 1 on */
export function checkFrequency(where: string, frequency: number): void {
  if (Number.isInteger(frequency) && frequency >= 1) return;
  throw fail('value', { where, rule: 'minFrequency: a whole number from 1 on', got: String(frequency), fix: 'Leave it out for 2' });
}

/** @throws `value` for special tokens that are empty, doubled, or could be taken for other tokens */
export function checkSpecialTokens(where: string, tokens: readonly string[]): void {
  const seen = new Set<string>();
  for (const token of tokens) {
    const plain = token.length > 1 && /^[^\ud800-\udfff]*$/.test(token.replace(/[\ud800-\udbff][\udc00-\udfff]/g, ''));
    if (plain && !isAmbiguous(token) && !seen.has(token)) {
      seen.add(token);
      continue;
    }
    throw fail('value', {
      where,
      rule: 'specialTokens: different texts of two characters or more, which cannot be taken for other tokens',
      got: JSON.stringify(token),
      fix: 'Write them like <|endoftext|>',
    });
  }
}

/** @throws `tokenizer` where there was nothing to learn from */
export function checkAnyText(where: string, words: number): void {
  if (words > 0) return;
  throw fail('tokenizer', {
    where,
    rule: 'a text to learn from',
    got: 'none, or only empty ones',
    fix: 'Give at least one text that is not empty',
  });
}

/** `tokenizer_config.json` of what we train: no class of its own in transformers, no tidying of spaces, no length limit. */
export function trainedConfig(specialTokens: readonly string[]): unknown {
  const roles: Record<string, string> = {};
  for (const [role, names] of Object.entries(roleNames)) {
    const token = names.find((n) => specialTokens.includes(n));
    if (token !== undefined) roles[role] = token;
  }
  // 10³⁰ is transformers' own way to say that a tokenizer sets no limit.
  return { tokenizer_class: 'PreTrainedTokenizerFast', clean_up_tokenization_spaces: false, model_max_length: 1e30, ...roles };
}

/** The customary names of special tokens by what they are for. */
const roleNames: Record<string, readonly string[]> = {
  bos_token: ['<s>', '<bos>', '<|begin_of_text|>', '<|endoftext|>'],
  eos_token: ['</s>', '<eos>', '<|end_of_text|>', '<|endoftext|>'],
  unk_token: ['[UNK]', '<unk>', '<|endoftext|>'],
  pad_token: ['[PAD]', '<pad>', '<|padding|>'],
  cls_token: ['[CLS]'],
  sep_token: ['[SEP]'],
  mask_token: ['[MASK]', '<mask>'],
};
