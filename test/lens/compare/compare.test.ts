import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { HostArray } from '#dist/core/index.js';
import { align, type ComparedSite, compare, lens, translationLens, zero } from '#dist/lens/index.js';
import { GPT2, Transformer } from '#dist/models/index.js';
import { largestDifference } from '../../support/arrays.js';
import { enlarged, sizes, smallGPT2 } from '../models.js';

describe('align', () => {
  test('pairs equal tokens in order, as many as can be, and names the rest', () => {
    expect(align(['a', 'b', 'c', 'd'], ['a', 'x', 'c', 'd', 'e'])).toEqual({ pairs: [[0, 0], [2, 2], [3, 3]], onlyA: [1], onlyB: [1, 4] }); // biome-ignore format: pairs
    const word = fc.array(fc.constantFrom('a', 'b', 'c'), { maxLength: 7 });
    fc.assert(
      fc.property(word, word, (a, b) => {
        const { pairs, onlyA, onlyB } = align(a, b);
        for (const [i, j] of pairs) expect(a[i]).toBe(b[j]);
        const sorted = (places: readonly number[]): boolean => places.every((p, n) => n === 0 || p > (places[n - 1] as number));
        expect(sorted(pairs.map(([i]) => i)) && sorted(pairs.map(([, j]) => j))).toBe(true);
        expect([...pairs.map(([i]) => i), ...onlyA].sort((x, y) => x - y)).toEqual([...a.keys()]);
        expect([...pairs.map(([, j]) => j), ...onlyB].sort((x, y) => x - y)).toEqual([...b.keys()]);
        expect(pairs.length).toBe(longest(a, b));
      }),
    );
  });
});

/** The length of the longest common subsequence, by trying all of them. */
function longest(a: readonly string[], b: readonly string[]): number {
  if (a.length === 0 || b.length === 0) return 0;
  const [rest, other] = [a.slice(1), b.slice(1)];
  return a[0] === b[0] ? 1 + longest(rest, other) : Math.max(longest(rest, b), longest(a, other));
}

describe('compare', () => {
  const view = lens(smallGPT2());

  test('two prompts, aligned by tokens', async () => {
    const [a, b] = [[1, 2, 3, 4], [1, 9, 2, 3, 4]]; // biome-ignore format: prompts
    const sites = 'blocks.1.attention.pattern[:, 1], residual.none';
    await expect(compare({ view, prompt: a }, { view, prompt: b }, sites)).rejects.toThrow(/globs that each match/);
    const found = await compare({ view, prompt: a }, { view, prompt: b }, 'blocks.1.attention.pattern[:, 1], blocks.1.residual.post');
    expect(found.alignment).toEqual({ pairs: [[0, 0], [1, 2], [2, 3], [3, 4]], onlyA: [], onlyB: [1] }); // biome-ignore format: pairs
    const pattern = found.sites['blocks.1.attention.pattern[:, 1]'];
    expect(pattern?.a.axes).toEqual([
      { name: 'row', labels: [0] },
      { name: 'position', labels: ['0 1', '1/2 2', '2/3 3', '3/4 4'] },
      { name: 'key', labels: ['0 1', '1/2 2', '2/3 3', '3/4 4'] },
    ]);
    const own = (await view.capture(b, 'blocks.1.attention.pattern'))['blocks.1.attention.pattern'] as HostArray;
    expect(pattern?.b.at(0, '3/4 4', '1/2 2')).toBe(own.at(0, 1, 4, 2));
    expect(pattern?.difference.at(0, '2/3 3', '0 1')).toBeCloseTo((pattern?.a.at(0, '2/3 3', '0 1') as number) - own.at(0, 1, 3, 0), 6);
  });

  test('two checkpoints, a view and what it becomes, and the same twice', async () => {
    const prompt = [1, 2, 3, 4];
    const other = lens(enlarged(new GPT2({ ...sizes, layers: 3 })));
    const found = await compare({ view, prompt }, { view: other, prompt }, 'blocks.0.mlp.post[0, :, 2:4]');
    expect(found.sites['blocks.0.mlp.post[0, :, 2:4]']?.a.values.shape).toEqual([4, 2]);
    const changed = view.with(zero('blocks.1.mlp.output'));
    const { sites } = await compare({ view, prompt }, { view: changed, prompt }, '*residual.post');
    expect(Math.max(...((sites['blocks.0.residual.post'] as ComparedSite).difference.values.data as Float32Array))).toBe(0);
    expect(
      largestDifference(
        sites['blocks.1.residual.post']?.difference.values.data,
        (await view.capture(prompt, 'blocks.1.mlp.output'))['blocks.1.mlp.output']?.data,
      ),
    ).toBeLessThan(1e-5);
    await expect(compare({ view, prompt }, { view: other, prompt: [9, 9] }, 'embed')).rejects.toThrow(/prompts with a token in common/);
    await expect(compare({ view, prompt }, { view, prompt }, 'embed[:, 1]')).rejects.toThrow(/whole positions, as these are aligned/);
    const wide = lens(enlarged(new GPT2({ ...sizes, width: 16 })));
    await expect(compare({ view, prompt }, { view: wide, prompt }, 'embed')).rejects.toThrow(
      /sites of one size, \[1,4,8\]; got \[1,4,16\]/,
    );
    for (const v of [other, wide]) await v.dispose();
  });

  test('sources and targets each by their own tokens', async () => {
    const model = new Transformer({ sourceVocabulary: 11, targetVocabulary: 11, layers: 1, width: 8, heads: 2 });
    const translation = translationLens(enlarged(model));
    const [a, b] = [{ source: [1, 2, 3], target: [4, 5] }, { source: [1, 3], target: [4, 6, 5] }]; // biome-ignore format: prompts
    const { alignment, sites } = await compare({ view: translation, prompt: a }, { view: translation, prompt: b }, '*pattern');
    expect(alignment.pairs).toEqual([[0, 0], [1, 2]]); // biome-ignore format: pairs
    expect(sites['encoder.blocks.0.attention.pattern']?.a.axes.at(-1)?.labels).toEqual(['0 1', '2/1 3']);
    expect(sites['decoder.blocks.0.cross_attention.pattern']?.a.axes.slice(2).map(({ labels }) => labels)).toEqual([['0 4', '1/2 5'], ['0 1', '2/1 3']]); // biome-ignore format: axes
    await translation.dispose();
  });
});
