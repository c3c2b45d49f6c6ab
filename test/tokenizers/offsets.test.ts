import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { loadTokenizer, type Tokenizer, tokenizerFromJson, trainCharacterTokenizer, trainWordPiece } from '#dist/tokenizers/index.js';
import { shared } from './shared.js';
import { anyText, corpus, fixedTexts, wellFormedText } from './texts.js';

function placed(tokenizer: Tokenizer, text: string): [token: string, part: string][] {
  const { ids, offsets } = tokenizer.encodeWithOffsets(text);
  return tokenizer.tokens(ids).map((token, i) => [token, text.slice(...(offsets[i] as [number, number]))]);
}

function ordered(tokenizer: Tokenizer, text: string): void {
  for (const specialTokens of [true, false]) {
    const { ids, offsets } = tokenizer.encodeWithOffsets(text, { specialTokens });
    expect(ids).toEqual(tokenizer.encode(text, { specialTokens }));
    expect(offsets.length).toBe(ids.length);
    let last = 0;
    for (const [start, end] of offsets) {
      expect(start >= last && end >= start && end <= text.length, `${JSON.stringify(text)} ${JSON.stringify(offsets)}`).toBe(true);
      last = start;
    }
  }
}

const normalised = (text: string): string =>
  text
    .toLowerCase()
    .normalize('NFD')
    .replace(/\p{Mn}/gu, '');

function wordPieceLaws(tokenizer: () => Tokenizer): void {
  it('is in order for any text', () => {
    for (const text of fixedTexts) ordered(tokenizer(), text);
    fc.assert(
      fc.property(anyText, (text) => ordered(tokenizer(), text)),
      { numRuns: 300 },
    );
  });

  it('gives each token the part that normalises to it', () => {
    const unit = fc.constantFrom('The', 'QUICK', ' ', '  ', '\n', 'é', 'E\u0301', 'naïve', ',', '.', '中', '文', 'fox', 's', '-', '😀');
    fc.assert(
      fc.property(fc.array(unit, { maxLength: 20 }), (units) => {
        const text = units.join('');
        placed(tokenizer(), text).forEach(([token, part], i, all) => {
          if (i === 0 || i === all.length - 1) expect(part).toBe('');
          else if (token === '[UNK]') expect(part).toMatch(/^\S+$/u);
          else expect(normalised(part)).toBe(token.replace(/^##/, ''));
        });
      }),
      { numRuns: 300 },
    );
  });
}

const bert = shared('tokenizers/bert');
describe.skipIf(bert === undefined)("BERT's offsets", () => {
  let tokenizer: Tokenizer;
  beforeAll(async () => {
    tokenizer = (await loadTokenizer(bert as string)) as Tokenizer;
  });
  wordPieceLaws(() => tokenizer);

  it('are those of the reference implementation', () => {
    const { offsets } = tokenizer.encodeWithOffsets('Héllo, y\u0301 [MASK] unaffable');
    expect(offsets).toEqual([
      [0, 0],
      [0, 5],
      [5, 6],
      [7, 8],
      [10, 16],
      [17, 20],
      [20, 23],
      [23, 26],
      [26, 26],
    ]);
    expect(placed(tokenizer, '字字 😀😀').map(([, part]) => part)).toEqual(['', '字', '字', '😀😀', '']);
  });
});

describe('offsets of a trained WordPiece vocabulary', () => {
  let tokenizer: Tokenizer;
  beforeAll(async () => {
    tokenizer = await trainWordPiece(corpus, { size: 180 });
  });
  wordPieceLaws(() => tokenizer);
});

/** SentencePiece's form, as T5 and Llama have it. */
function pieceJson(model: object, normalizer: unknown, preTokenizer: unknown): object {
  const decoder = {
    type: 'Sequence',
    decoders: [{ type: 'Replace', pattern: { String: '▁' }, content: ' ' }, { type: 'ByteFallback' }, { type: 'Fuse' }],
  };
  const added = [{ id: 0, content: '<unk>', single_word: false, lstrip: false, rstrip: false, normalized: false, special: true }];
  return { version: '1.0', added_tokens: added, normalizer, pre_tokenizer: preTokenizer, post_processor: null, decoder, model };
}

describe('offsets of SentencePiece vocabularies', () => {
  const vocab = ['<unk>', '▁', '▁the', '▁he', 'lo', 'a', 'b', 'h', 'e', 'l', 'o', 't', 'fi'];
  const unigram = tokenizerFromJson(
    pieceJson(
      { type: 'Unigram', unk_id: 0, vocab: vocab.map((t, i) => [t, -i]) },
      { type: 'NFKC' },
      { type: 'Metaspace', replacement: '▁', prepend_scheme: 'always', split: true },
    ),
  );

  it('take the space before a word, what normalises to one, and nothing that was put in', () => {
    expect(placed(unigram, 'the helo b')).toEqual([
      [' the', 'the'],
      [' he', ' he'],
      ['lo', 'lo'],
      [' ', ' '],
      ['b', 'b'],
    ]);
    expect(placed(unigram, 'ﬁ')).toEqual([
      [' ', ''],
      ['fi', 'ﬁ'],
    ]);
    expect(placed(unigram, 'helo日本a').map(([, part]) => part)).toEqual(['he', 'lo', '日本', 'a']);
    fc.assert(fc.property(wellFormedText, (text) => ordered(unigram, text)));
  });

  const stories = shared('models/stories260k');
  it.skipIf(stories === undefined)('are those of Llama: bytes have their character, the space before everything is no part', async () => {
    const tokenizer = (await loadTokenizer(stories as string)) as Tokenizer;
    expect(placed(tokenizer, 'Once ï 😀')).toEqual([
      ['<s>', ''],
      [' Once', 'Once'],
      [' ', ' '],
      ['<0xC3>', 'ï'],
      ['<0xAF>', 'ï'],
      [' ', ' '],
      ...['<0xF0>', '<0x9F>', '<0x98>', '<0x80>'].map((b): [string, string] => [b, '😀']),
    ]);
    fc.assert(
      fc.property(wellFormedText, (text) => {
        ordered(tokenizer, text);
        const covered = placed(tokenizer, text).filter(([token]) => !/^<0x..>$/.test(token));
        for (const [token, part] of covered) if (part !== '') expect([token, token.trimStart()]).toContain(part.replaceAll('▁', ' '));
      }),
      { numRuns: 200 },
    );
  });
});

describe("a character tokenizer's offsets", () => {
  it('are its characters', () => {
    fc.assert(
      fc.property(
        wellFormedText.filter((t) => t !== ''),
        (text) => {
          const tokenizer = trainCharacterTokenizer(text);
          expect(placed(tokenizer, text)).toEqual(Array.from(text, (c) => [c, c]));
          expect(Array.from(text, (c) => tokenizer.idOf(c))).toEqual(tokenizer.encode(text));
        },
      ),
    );
    expect(trainCharacterTokenizer('ab').idOf('c')).toBeUndefined();
    expect(trainCharacterTokenizer('ab').idOf('ab')).toBeUndefined();
    expect(trainCharacterTokenizer('ab').idOf('')).toBeUndefined();
  });
});
