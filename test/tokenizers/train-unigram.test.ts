import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { trainUnigram } from '#dist/tokenizers/index.js';
import { IntList } from '#dist/tokenizers/int-list.js';
import { UnigramLattice } from '#dist/tokenizers/unigram-lattice.js';
import { UnigramModel } from '#dist/tokenizers/unigram-model.js';
import { type ByteWords, findSeeds } from '#dist/tokenizers/unigram-seeds.js';
import { corpus } from './texts.js';

function byteWords(list: readonly (readonly [string, number])[]): ByteWords {
  const words = list.map(([word]) => new TextEncoder().encode(word));
  const starts = [0];
  for (const word of words) starts.push((starts.at(-1) as number) + word.length);
  return {
    bytes: Uint8Array.from(words.flatMap((w) => [...w])),
    starts: Int32Array.from(starts),
    counts: Float64Array.from(list, ([, n]) => n),
  };
}

const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1');

/** Every way to write `word` in pieces. */
function cuts(word: string, pieces: readonly string[]): string[][] {
  if (word === '') return [[]];
  return pieces.filter((p) => word.startsWith(p)).flatMap((p) => cuts(word.slice(p.length), pieces).map((rest) => [p, ...rest]));
}

const words = fc.array(
  fc.tuple(fc.string({ unit: fc.constantFrom('a', 'b', 'é'), minLength: 1, maxLength: 5 }), fc.integer({ min: 1, max: 4 })),
  {
    minLength: 1,
    maxLength: 6,
  },
);

describe('the seeds of a Unigram vocabulary', () => {
  it('are the bytes and all substrings of whole characters that come twice, counted', () => {
    fc.assert(
      fc.property(words, (list) => {
        const { trie, nodes, counts } = findSeeds(byteWords(list), 24, 1e6);
        const expected = new Map<string, number>();
        for (const [word, count] of list) {
          const characters = [...word];
          for (let i = 0; i < characters.length; i++) {
            for (let j = i + 1; j <= characters.length; j++) {
              const part = text(new TextEncoder().encode(characters.slice(i, j).join('')));
              if (part.length > 1) expected.set(part, (expected.get(part) ?? 0) + count);
            }
          }
        }
        const found = new Map(nodes.slice(256).map((node, i) => [text(trie.bytes(node)), counts[i + 256]]));
        expect(found).toEqual(new Map([...expected].filter(([, n]) => n >= 2)));
        expect(nodes.slice(0, 256).map((n) => [...trie.bytes(n)])).toEqual(Array.from({ length: 256 }, (_, b) => [b]));
      }),
      { numRuns: 150 },
    );
  });
});

describe('expectation–maximisation', () => {
  it('expects what summing over all segmentations gives', () => {
    fc.assert(
      fc.property(words, (list) => {
        const counted = byteWords(list);
        const lattice = new UnigramLattice(counted, findSeeds(counted, 24, 1e6));
        const names = lattice.pieces.map(text);
        const used = names.filter((name, p) => p >= 256 || 'abé'.includes(name) || name === '\u00c3' || name === '\u00a9');
        const probability = new Map(names.map((name, p) => [name, lattice.probabilities[p] as number]));
        const expected = new Map<string, number>();
        let logLikelihood = 0;
        for (const [word, count] of list) {
          const ways = cuts(text(new TextEncoder().encode(word)), used).map((pieces) => ({
            pieces,
            mass: pieces.reduce((product, p) => product * (probability.get(p) as number), 1),
          }));
          const total = ways.reduce((sum, { mass }) => sum + mass, 0);
          logLikelihood += count * Math.log(total);
          for (const { pieces, mass } of ways) for (const p of pieces) expected.set(p, (expected.get(p) ?? 0) + (count * mass) / total);
        }
        for (let pass = 0; pass < 2; pass++) {
          const found = lattice.expect(); // the second time with its factor per byte
          expect(found.logLikelihood).toBeCloseTo(logLikelihood, 8);
          names.forEach((name, p) => {
            expect(found.counts[p]).toBeCloseTo(expected.get(name) ?? 0, 8);
          });
        }
      }),
      { numRuns: 40 },
    );
  });

  it('never makes the text less likely', () => {
    const counted = byteWords(Array.from(new Map([...corpus.matchAll(/[\p{L}']{1,8}/gu)].map(([w]) => [w, 2]))));
    const lattice = new UnigramLattice(counted, findSeeds(counted, 24, 2000));
    let last = Number.NEGATIVE_INFINITY;
    for (let step = 0; step < 6; step++) {
      const { counts, logLikelihood } = lattice.expect();
      expect(logLikelihood).toBeGreaterThan(last);
      last = logLikelihood;
      lattice.setCounts(counts);
    }
  });
});

describe('a Unigram model', () => {
  it('finds the segmentation with the best sum of scores', () => {
    const piece = fc.string({ unit: fc.constantFrom('a', 'b', 'c'), minLength: 2, maxLength: 4 });
    fc.assert(
      fc.property(
        fc.uniqueArray(piece, { maxLength: 12 }),
        fc.string({ unit: fc.constantFrom('a', 'b', 'c'), minLength: 1, maxLength: 9 }),
        (more, word) => {
          const names = ['a', 'b', 'c', ...more];
          const scores = names.map((n, i) => -((i * 7919) % 31) / 4 - n.length / 3);
          const model = new UnigramModel(names.map((n, id) => ({ id, bytes: new TextEncoder().encode(n), score: scores[id] as number })));
          const out = new IntList();
          model.encode(new TextEncoder().encode(word), word.length, out);
          const sum = (pieces: readonly string[]): number => pieces.reduce((s, p) => s + (scores[names.indexOf(p)] as number), 0);
          const found = [...out.toArray()].map((id) => names[id] as string);
          expect(found.join('')).toBe(word);
          expect(sum(found)).toBeCloseTo(Math.max(...cuts(word, names).map(sum)), 9);
        },
      ),
      { numRuns: 300 },
    );
  });
});

describe('training a Unigram vocabulary', () => {
  it('has the size asked for, bytes that never go, and whole characters otherwise', async () => {
    const tokenizer = await trainUnigram(corpus, { size: 290 });
    expect(tokenizer.size).toBe(290);
    const { vocab } = (tokenizer.toJson() as { model: { vocab: [string, number][] } }).model;
    expect(vocab.every(([, score]) => Number.isFinite(score) && score <= 0)).toBe(true);
    const mass = vocab.slice(1).reduce((sum, [, score]) => sum + Math.exp(score), 0);
    expect(mass).toBeCloseTo(1, 9);
    const pieces = tokenizer.tokens(Array.from({ length: 290 - 257 }, (_, i) => 257 + i));
    expect(pieces.filter((p) => /^(<0x..>)+$/.test(p))).toEqual([]);
    const larger = await trainUnigram(corpus, { size: 340 });
    expect(larger.tokens(larger.encode('中文文本')).join('')).toBe('中文文本');
  });

  it('is smaller where the text has no more', async () => {
    expect((await trainUnigram('ab', { size: 400 })).size).toBe(257);
  });

  it('keeps what the text is made of rather than what is merely frequent', async () => {
    const tokenizer = await trainUnigram(' information nation station inform'.repeat(20), { size: 263 });
    const ids = tokenizer.encode(' information station');
    expect(ids.length).toBeLessThan(8);
  });

  it('learns from words without end, in parts', async () => {
    const tokenizer = await trainUnigram('字符文本'.repeat(500), { size: 262 });
    expect(tokenizer.encode('字符文本'.repeat(100)).length).toBeLessThanOrEqual(150);
  });
});
