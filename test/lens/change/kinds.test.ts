import { describe, expect, test } from 'vitest';
import { type HostArray, host, indexOfElement } from '#dist/core/index.js';
import { add, type Captured, cut, freeze, type Intervention, lens, mean, replace, resample, scale, value, zero } from '#dist/lens/index.js';
import { largestDifference } from '../../support/arrays.js';
import { ids, sameBits, smallGPT2 } from '../models.js';

const view = lens(smallGPT2());
const site = 'blocks.1.attention.mixed'; // [2,7,2,4]
const pattern = 'blocks.1.attention.pattern'; // [2,2,7,7]

const seen = async (changes: Intervention | readonly Intervention[], what: string): Promise<HostArray> =>
  Object.values(await view.with(changes).capture(ids, what))[0] as HostArray;

/** What the site holds, every element by its index. */
async function expectSite(at: string, changes: Intervention | readonly Intervention[], want: (index: number[], own: number) => number) {
  const own = (await view.capture(ids, at))[at] as HostArray;
  const got = await seen(changes, at);
  const expected = Float32Array.from(own.data as Float32Array, (x, flat) => want(indexOfElement(flat, own.shape), x));
  expect(largestDifference(got.data, expected)).toBeLessThan(1e-6);
}

describe('interventions', () => {
  test('change what they name, and captures show it', async () => {
    await expectSite(site, zero(site, { heads: [1] }), ([, , h], x) => (h === 1 ? 0 : x));
    await expectSite(site, zero(`${site}[:, -1]`), ([, t], x) => (t === 6 ? 0 : x));
    await expectSite(site, zero(`${site}[1]`, { heads: [0], positions: [2, -1] }), ([b, t, h], x) =>
      b === 1 && h === 0 && (t === 2 || t === 6) ? 0 : x,
    );
    await expectSite(site, scale(site, 3, { rows: [0] }), ([b], x) => (b === 0 ? 3 * x : x));
    await expectSite(site, add(`${site}[:, 2:4]`, host([1, 2, 3, 4]), 0.5), ([, t, , d], x) =>
      t === 2 || t === 3 ? x + 0.5 * ((d as number) + 1) : x,
    );
    await expectSite(site, value(`${site}[:, :, 1]`, host([[1], [2]], { shape: [2, 1, 1] })), ([b, , h], x) =>
      h === 1 ? (b as number) + 1 : x,
    );
    await expectSite(
      site,
      replace(site, (x) => x.mul(x), { heads: [0] }),
      ([, , h], x) => (h === 0 ? x * x : x),
    );
    await expectSite('blocks.0.mlp.post', zero('blocks.0.mlp.post', { neurons: [5, 9] }), ([, , f], x) => (f === 5 || f === 9 ? 0 : x));
  });

  test('cut edges, and scale the rest of the row where asked', async () => {
    const edges = [[5, 2], [-1, 0]] as const; // biome-ignore format: pairs
    const isCut = ([, h, q, k]: number[]): boolean => h === 1 && ((q === 5 && k === 2) || (q === 6 && k === 0));
    await expectSite(pattern, cut(pattern, edges, { heads: [1] }), (index, x) => (isCut(index) ? 0 : x));
    const own = (await view.capture(ids, pattern))[pattern] as HostArray;
    const removed: Record<number, number> = { 5: 2, 6: 0 };
    await expectSite(pattern, cut(pattern, edges, { heads: [1], renormalise: true }), (index, x) => {
      const [b, h, q] = index as [number, number, number];
      if (isCut(index)) return 0;
      return h === 1 && q in removed ? x / (1 - own.at(b, h, q, removed[q] as number)) : x;
    });
  });

  test('compose in order; an empty list is the view itself', async () => {
    await expectSite(site, [scale(site, 2), add(site, host([1, 1, 1, 1]))], (_, x) => 2 * x + 1);
    await expectSite(site, [add(site, host([1, 1, 1, 1])), scale(site, 2)], (_, x) => 2 * (x + 1));
    const twice = view.with(scale(site, 2)).with(scale(site, 3));
    expect(twice.interventions).toHaveLength(2);
    const six = await seen(scale(site, 6), 'logits');
    expect(largestDifference((await twice.capture(ids, 'logits')).logits?.data, six.data)).toBeLessThan(1e-4);
    expect(sameBits(await seen([], 'logits'), (await view.capture(ids, 'logits')).logits)).toBe(true);
  });

  test('store means, other prompts and patterns', async () => {
    const others = [[[7, 6, 5, 4, 3, 2, 1]], [[2, 2, 2]]];
    const captured: Captured[] = [];
    for (const prompt of others) captured.push(await view.capture(prompt, site));
    const average = await mean(view, site, others, { heads: [1] });
    const all = captured.flatMap((c) => ((c[site] as HostArray).toArray() as number[][][][]).flat()); // positions × heads × channels
    const meanOf = (h: number, d: number): number => all.reduce((sum, p) => sum + (p[h]?.[d] as number), 0) / all.length;
    await expectSite(site, average, ([, , h, d], x) => (h === 1 ? meanOf(1, d as number) : x));
    const other = await resample(view, `${site}[:, 3]`, others[0] as number[][]);
    await expectSite(site, other, ([, t, h, d], x) => (t === 3 ? (captured[0]?.[site]?.at(0, 3, h as number, d as number) as number) : x));
    const perPosition = await mean(view, pattern, [ids, others[0] as number[][]], { over: 'prompts' });
    expect(perPosition.values[pattern]?.shape).toEqual([1, 2, 7, 7]);

    // With patterns frozen to those of the same run, nothing changes; of another run, the logits do.
    const { logits } = await view.capture(ids, 'logits');
    expect(sameBits(await seen(await freeze(view, ids), 'logits'), logits)).toBe(true);
    expect(sameBits(await seen(await freeze(view, others[0] as number[][]), 'logits'), logits)).toBe(false);
    await expect(mean(view, pattern, others)).rejects.toThrow(/over: prompts, of queries and keys/);
    await expect(mean(view, site, others, { over: 'prompts' })).rejects.toThrow(/prompts of one length/);
    await expect(mean(view, site, [])).rejects.toThrow(/at least one reference prompt/);
  });

  test('of the same form run in the same program', async () => {
    const own = lens(smallGPT2());
    for (const head of [0, 1])
      for (const position of [0, 3]) await own.with(zero(site, { heads: [head], positions: [position] })).capture(ids, 'logits');
    for (const c of [1, 2, -3]) await own.with(add(site, host([c, 1, 1, 1]), c)).capture(ids, 'logits');
    expect(own.programs).toBe(2);
    await own.dispose();
    expect(own.programs).toBe(0);
  });

  test('that do not fit are refused', async () => {
    expect(() => view.with(zero('blocks.7.attention.mixed'))).toThrow(/Nearest: blocks/);
    expect(() => view.with(zero(site, { heads: [2] }))).toThrow(
      /blocks\.1\.attention\.mixed, heads: a place from -2 to 1, the axis having 2; got 2/,
    );
    expect(() => view.with(zero('embed', { heads: [0] }))).toThrow(/heads of a site that has them; got a site of row, position, channel/);
    expect(() => view.with(zero(`${site}[:, 1]`, { positions: [1] }))).toThrow(/positions either in the slice or by word; got both/);
    await expect(seen(zero(`${site}:grad`), 'logits')).rejects.toThrow(/a site to change; got the gradient/);
    await expect(seen(zero(`${site}[:, 7]`), 'logits')).rejects.toThrow(/the axis having 7; got 7/);
    await expect(seen(value(site, host([1, 2, 3])), 'logits')).rejects.toThrow(
      /at blocks\.1\.attention\.mixed: a value that broadcasts to \[2,7,2,4\]; got \[3\]/,
    );
    await expect(seen(cut(site, [[0, 0]]), 'logits')).rejects.toThrow(/edges of attention patterns; got blocks\.1\.attention\.mixed/);
    await expect(seen(cut(pattern, [[9, 0]]), 'logits')).rejects.toThrow(/query: a place from -7 to 6/);
    await expect(
      seen(
        replace(site, (x) => x.sum(), { name: 'total' }),
        'logits',
      ),
    ).rejects.toThrow(/^total at blocks\.1\.attention\.mixed: a value like the site's/);
  });
});
