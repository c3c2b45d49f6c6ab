import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Tokenizer as Reference } from '@huggingface/tokenizers';
import fc from 'fast-check';
import type { Tokenizer } from '#dist/tokenizers/index.js';

/** Parts of texts that scanners, normalisers and vocabularies stumble over. */
const awkward = [
  ...[' ', '  ', '\n', '\r\n', '\t', '\u0085', '\u00a0', '\u2028', '\u3000', '\ufeff', '\u0000', '\u200d'],
  ...["'", "'s", "'ll", "'LL", "'ve", "'re", "'d", '▁', 'Ġ', '##', '<0x41>'],
  ...['<|endoftext|>', '<|endoftext|', '[CLS]', '[UNK]', '<s>'],
  ...[
    'the',
    ' The',
    ' a',
    '12',
    ' 3',
    'ⅷ',
    'é',
    'e\u0301',
    '\u0301',
    'ß',
    'İ',
    'Σ',
    '日',
    '字',
    '😀',
    '👩‍👧',
    '𝔘',
    '𠀀',
    '\ud800',
    '\udc80',
  ],
];

/** Texts of awkward parts and anything else, halves of surrogate pairs among it. */
export const anyText = fc
  .array(
    fc.oneof(fc.constantFrom(...awkward), fc.string({ unit: 'binary', maxLength: 3 }), fc.string({ unit: 'grapheme-ascii', maxLength: 6 })),
    {
      maxLength: 24,
    },
  )
  .map((parts) => parts.join(''));

/** Texts without halves of surrogate pairs. */
export const wellFormedText = anyText.map((text) => new TextDecoder('utf-8', { ignoreBOM: true }).decode(new TextEncoder().encode(text)));

export const fixedTexts = [
  '',
  'Hello, world!  Two spaces\n\nand lines\t\ttabs ',
  " don't we'll I've 's   end   ",
  'naïve café — “quotes” … 12345 3.14e-10',
  '日本語テキスト 中文字符 한국어 العربية עברית 😀👩‍👩‍👧 𝔘𝔫𝔦',
  'one<|endoftext|>two <|endoftext|><|endoftext|> [CLS] [MASK]',
  'a'.repeat(300),
];

/** What the trainers learn from in tests: English, Chinese, emoji, accents. */
export const corpus = `${'The quick brown fox jumps over the lazy dog; the dog sleeps, and the fox is gone. '.repeat(4)}
It wasn't the quickest of foxes, but they're never lazier than dogs. Numbers: 1 12 123 1234 2024.
${'中文文本和日本語テキスト。中文文本。'.repeat(5)} naïve café, naïve cafés 😀😀👩‍👧 ${'low lower lowest slow slower '.repeat(6)}
<|endoftext|>`;

/** The kept library's own reading of a tokenizer, from its JSON as it is saved. */
export function referenceOf(tokenizer: Tokenizer): { encode(text: string): { ids: number[] }; decode(ids: number[], o: object): string } {
  return new Reference(JSON.parse(JSON.stringify(tokenizer.toJson())) as object, tokenizer.configJson as object);
}

/** The JSON files of a folder. */
export function readJson(folder: string, name: string): Record<string, unknown> {
  return JSON.parse(readFileSync(join(folder, name), 'utf8')) as Record<string, unknown>;
}
