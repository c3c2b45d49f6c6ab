import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BpeModel } from '#dist/tokenizers/bpe-model.js';
import { IntList } from '#dist/tokenizers/int-list.js';
import { MergeLearner } from '#dist/tokenizers/merge-learner.js';
import { PairTable } from '#dist/tokenizers/pair-table.js';

/** Replaces (left, right) by merged, from the left. */
function replaced(word: readonly number[], left: number, right: number, merged: number): number[] {
  const out: number[] = [];
  for (let i = 0; i < word.length; i++) {
    if (word[i] === left && word[i + 1] === right) {
      out.push(merged);
      i++;
    } else out.push(word[i] as number);
  }
  return out;
}

/** Algorithm 1 of Sennrich et al. 2016, counting everything anew for each merge. */
function naiveMerges(
  words: readonly (readonly number[])[],
  counts: readonly number[],
  most: number,
  least: number,
): [number, number, number][] {
  let rows = words.map((w) => [...w]);
  const texts = new Map<number, string>();
  for (const c of rows.flat()) texts.set(c, String.fromCharCode(97 + c));
  const merges: [number, number, number][] = [];
  while (merges.length < most) {
    const pairs = new Map<string, { left: number; right: number; count: number }>();
    rows.forEach((row, w) => {
      for (let i = 0; i + 1 < row.length; i++) {
        const [left, right] = [row[i] as number, row[i + 1] as number];
        const pair = pairs.get(`${left},${right}`) ?? { left, right, count: 0 };
        pair.count += counts[w] as number;
        pairs.set(`${left},${right}`, pair);
      }
    });
    const [best] = [...pairs.values()].sort((a, b) => b.count - a.count || a.left - b.left || a.right - b.right);
    if (best === undefined || best.count < least) break;
    const text = `${texts.get(best.left)}${texts.get(best.right)}`;
    const known = [...texts].find(([, t]) => t === text)?.[0];
    const merged = known ?? Math.max(...texts.keys()) + 1;
    texts.set(merged, text);
    merges.push([best.left, best.right, merged]);
    rows = rows.map((row) => replaced(row, best.left, best.right, merged));
  }
  return merges;
}

function learned(
  words: readonly (readonly number[])[],
  counts: readonly number[],
  most: number,
  least: number,
): [number, number, number][] {
  const symbols = new IntList();
  const ends = new IntList();
  for (const word of words) {
    for (const c of word) symbols.push(c);
    ends.push(symbols.length);
  }
  const texts = new Map<number, string>();
  for (const c of words.flat()) texts.set(c, String.fromCharCode(97 + c));
  const ids = new Map([...texts].map(([id, text]) => [text, id]));
  const merges: [number, number, number][] = [];
  const learner = new MergeLearner({ symbols, ends, counts });
  const name = (left: number, right: number): number => {
    const text = `${texts.get(left)}${texts.get(right)}`;
    const merged = ids.get(text) ?? Math.max(...texts.keys()) + 1;
    ids.set(text, merged);
    texts.set(merged, text);
    merges.push([left, right, merged]);
    return merged;
  };
  while (merges.length < most && learner.step(least, name));
  return merges;
}

const word = fc.array(fc.integer({ min: 0, max: 3 }), { minLength: 1, maxLength: 14 });

describe('learning merges', () => {
  it('equals counting everything anew for each merge', () => {
    const input = fc.array(fc.tuple(word, fc.integer({ min: 1, max: 5 })), { minLength: 1, maxLength: 12 });
    fc.assert(
      fc.property(input, fc.integer({ min: 1, max: 3 }), (list, least) => {
        const [words, counts] = [list.map(([w]) => w), list.map(([, n]) => n)];
        expect(learned(words, counts, 40, least)).toEqual(naiveMerges(words, counts, 40, least));
      }),
      { numRuns: 400 },
    );
  });
});

describe('a BPE model', () => {
  it('equals merging the pair of lowest rank everywhere, over and over', () => {
    fc.assert(
      fc.property(fc.array(word, { minLength: 1, maxLength: 8 }), word, (texts, input) => {
        const merges = naiveMerges(
          texts,
          texts.map(() => 1),
          30,
          1,
        );
        const seen = new Set<string>();
        const list = merges
          .map(([left, right, merged]) => ({ left, right, merged }))
          .filter(({ left, right }) => {
            const fresh = !seen.has(`${left},${right}`);
            seen.add(`${left},${right}`);
            return fresh;
          });
        let expected = [...input];
        for (;;) {
          const rank = list.findIndex(({ left, right }) => expected.some((id, i) => id === left && expected[i + 1] === right));
          const merge = list[rank];
          if (merge === undefined) break;
          expected = replaced(expected, merge.left, merge.right, merge.merged);
        }
        const out = new IntList();
        const pairs = new PairTable(list.length);
        for (const { left, right } of list) pairs.put(left, right);
        new BpeModel(
          Int32Array.from({ length: 256 }, (_, i) => i),
          { pairs, merged: Int32Array.from(list, ({ merged }) => merged) },
        ).encode(Uint8Array.from(input), input.length, out);
        expect([...out.toArray()]).toEqual(expected);
      }),
      { numRuns: 400 },
    );
  });
});
