import { describe, expect, test } from 'vitest';
import { loadTokenizer, type Tokenizer } from '#dist/tokenizers/index.js';
import { mixedLines } from './mixed-lines.js';
import { shared } from './shared.js';
import { referenceOf } from './texts.js';

// The kept library is the reference; there is no other reader of these files here. GPT-2's ids are ours, so there the
// comparison is of two programs; WordPiece's and SentencePiece's are the library's own, called through our interface.
const lines = mixedLines(1000);
const published = [
  ['stories260k', 'models/stories260k'],
  ['GPT-2', 'tokenizers/gpt2'],
  ['BERT', 'tokenizers/bert'],
] as const;

describe.each(published)('1,000 mixed lines: %s', (name, path) => {
  const folder = shared(path);

  test.skipIf(folder === undefined)('ids, text and special tokens are the library’s', async () => {
    const tokenizer = (await loadTokenizer(folder as string)) as Tokenizer;
    const reference = referenceOf(tokenizer);
    const cleanUp = (tokenizer.configJson as { clean_up_tokenization_spaces?: unknown }).clean_up_tokenization_spaces === true;
    for (const line of lines) {
      const { ids } = reference.encode(line);
      expect(tokenizer.encode(line), JSON.stringify(line)).toEqual(ids);
      for (const specialTokens of [true, false]) {
        const decoded = { skip_special_tokens: !specialTokens, clean_up_tokenization_spaces: cleanUp };
        const text = ids.length === 0 ? '' : reference.decode(ids, decoded);
        expect(tokenizer.decode(ids, { specialTokens }), JSON.stringify(line)).toBe(text);
      }
    }
  });

  test.skipIf(folder === undefined || name !== 'GPT-2')('decode(encode(x)) = x, with and without offsets', async () => {
    const tokenizer = (await loadTokenizer(folder as string)) as Tokenizer;
    for (const line of lines) {
      const ids = tokenizer.encode(line);
      expect(tokenizer.decode(ids, { specialTokens: true })).toBe(line);
      expect(new TextDecoder('utf-8', { ignoreBOM: true }).decode(tokenizer.decodeBytes?.(ids))).toBe(line);
      const { ids: same, offsets } = tokenizer.encodeWithOffsets(line);
      expect(same).toEqual(ids);
      expect(offsets.at(-1)?.[1] ?? 0).toBe(line.length);
    }
  });
});

test('the lines are what they are said to be', () => {
  expect(new Set(lines).size).toBeGreaterThan(980);
  for (const pattern of [
    /\p{Script=Han}/u,
    /\p{Script=Arabic}/u,
    /\p{Emoji_Presentation}\u200d/u,
    /\p{M}/u,
    /\s{3}/,
    /\p{Cc}/u,
    /<\|endoftext\|>/,
    /\d{4}/,
  ])
    expect(lines.filter((line) => pattern.test(line)).length, String(pattern)).toBeGreaterThan(20);
  expect(lines.some((line) => /\p{Cs}/u.test(line))).toBe(false);
});
