import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  Attention,
  type AttentionParts,
  attend,
  causal,
  exponentialKernel,
  kernelNormaliser,
  MusicTransformerScore,
  type Past,
  type Places,
  placesOf,
  RelativeValues,
  ShawScore,
  TransformerXlScore,
} from '#dist/attention/index.js';
import { gradients } from '#dist/grad/index.js';
import { arange, input, parameterTensor, type RefArray, type Tensor } from '#dist/ops/index.js';
import { sitesOf } from '#dist/runtime/index.js';
import { type Feeds, numbersOf, refArray } from '../../grad/programs.js';
import { numbers } from '../../nn/arrays.js';
import { largestDifference, relativeDifference } from '../../support/arrays.js';
import { givenValues } from '../prove.js';
import { formCases, relativeCases } from './cases.js';
import { B, D, H, range, T, V } from './loops.js';
import { fed, K, names, run, tokens, whole } from './run.js';

/** Places as a constant, so that nothing is known of them beforehand. */
function standing(shift: number): Places {
  const list = arange(T).add(shift);
  return { query: list.reshape([T, 1]), key: list.reshape([1, T]) };
}

const inAnyOrder = fc.shuffledSubarray(range(6), { minLength: T - 1, maxLength: T - 1 });

describe.each(formCases)('$name', ({ parts }) => {
  const module = givenValues(new Attention({ ...parts(K), mask: causal }));
  const all = run(module);

  test('from a memory with holes, it is what it is from the whole', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: T - 1 }), fc.array(inAnyOrder, { minLength: B, maxLength: B }), (kept, orders) => {
        // The first `kept` tokens stand in order in six slots, others are empty and full of large numbers.
        const slots = orders.map((order) => {
          const used = order.slice(0, kept).sort((a, b) => a - b);
          return range(6).map((slot) => (used.includes(slot) ? used.indexOf(slot) : undefined));
        });
        const feeds: Feeds = new Map();
        const memory = (name: 'k' | 'v'): Tensor => {
          const held = tokens(whole[name], (b) => slots[b] as (number | undefined)[]);
          const t = input(`past ${name}`, held.shape);
          feeds.set(t, held);
          return t;
        };
        const filled = input('filled', [B, 6], 'bool');
        feeds.set(
          filled,
          refArray(
            [B, 6],
            slots.flat().map((t) => Number(t !== undefined)),
          ),
        );
        const past: Past = { keys: memory('k'), values: memory('v'), filled };
        const fresh = range(T).slice(kept);
        const recent = Object.fromEntries(names.map((n) => [n, tokens(whole[n], () => fresh)])) as typeof whole;
        const got = run(module, recent, { past }, feeds);
        const want = range(B).flatMap((b) => Array.from(all.slice((b * T + kept) * H * V, (b + 1) * T * H * V)));
        expect(relativeDifference(got, want)).toBeLessThan(1e-10);
      }),
      { numRuns: 8 },
    );
  });

  test('a later token changes nothing before it', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: T - 1 }), fc.double({ min: -9, max: 9, noNaN: true }), (at, by) => {
        const moved = (n: (typeof names)[number]): RefArray => {
          const { shape, data } = whole[n];
          const [, , , width] = shape as [number, number, number, number];
          return refArray(
            shape,
            data.map((x, i) => (Math.floor(i / width) % T === at ? x + by : x)),
          );
        };
        const got = run(module, { q: moved('q'), k: moved('k'), v: moved('v') });
        for (const b of range(B)) {
          const rows = (y: Float64Array): Float64Array => y.slice(b * T * H * V, (b * T + at) * H * V);
          expect(rows(got)).toEqual(rows(all));
        }
      }),
      { numRuns: 8 },
    );
  });

  test('taps its sites, in the shapes that are promised', () => {
    const { x } = fed(whole);
    const shapes = Object.fromEntries([...sitesOf([module.attend(...(x as [Tensor, Tensor, Tensor]))])].map(([n, t]) => [n, t.shape]));
    const pairs = [B, H, T, T];
    const all = { query: [B, H, T, D], key: [B, K, T, D], value: [B, K, T, V], scores: pairs, pattern: pairs, mixed: [B, T, H, V] };
    expect(shapes).toEqual(all);
  });
});

describe.each(relativeCases)('$name', ({ parts, causalOnly }) => {
  const module = givenValues(new Attention(causalOnly ? { ...parts(K), mask: causal } : parts(K)));

  test('depends on distance only', () => {
    fc.assert(
      fc.property(fc.integer({ min: -20, max: 200 }), (shift) => {
        expect(relativeDifference(run(module, whole, { places: standing(shift) }), run(module))).toBeLessThan(1e-9);
      }),
      { numRuns: 10 },
    );
  });

  test('moved by rows (the skew) it is what it is looked up pair by pair, and so are all gradients', () => {
    const { x, feeds } = fed(whole);
    const weights = input('weights', [B, T, H, V]);
    feeds.set(weights, numbers('weights', [B, T, H, V]));
    const by = [...x, ...[...module.parameters().values()].map(parameterTensor)];
    const results = [placesOf(T, T), standing(0)].map((places) => {
      const y = module.attend(...(x as [Tensor, Tensor, Tensor]), { places });
      return [y, ...gradients(y, by, weights)].map((t) => numbersOf(t, feeds));
    }) as [Float64Array[], Float64Array[]];
    const top = Math.max(...results[1].flatMap((g) => Array.from(g, Math.abs)));
    results[0].forEach((values, i) => {
      expect(largestDifference(values, results[1][i]) / top).toBeLessThan(1e-10);
    });
  });
});

describe.each(relativeCases)('$name', ({ parts }) => {
  const module = givenValues(new Attention(parts(K)));

  test.each([
    [1, 1],
    [1, 4],
    [4, 1],
    [3, 5],
    [5, 2],
  ])('%s queries and %s keys: moved by rows it is what it is looked up', (queries, keys) => {
    const feeds: Feeds = new Map();
    const shapes = { q: [B, H, queries, D], k: [B, K, keys, D], v: [B, K, keys, V] };
    const x = Object.entries(shapes).map(([n, shape]) => {
      const t = input(n, shape);
      feeds.set(t, numbers(n, shape));
      return t;
    }) as [Tensor, Tensor, Tensor];
    const found: Places = { query: arange(queries).reshape([queries, 1]), key: arange(keys).reshape([1, keys]) };
    const [moved, looked] = [placesOf(queries, keys), found].map((places) => numbersOf(module.attend(...x, { places }), feeds));
    expect(relativeDifference(moved, looked)).toBeLessThan(1e-12);
  });
});

test('no vector for each pair: with relative positions nothing grows as T·S·D, forward or backward', () => {
  const [heads, width, length] = [2, 64, 8];
  const x = ['q', 'k', 'v'].map((n) => input(n, [1, heads, length, width])) as [Tensor, Tensor, Tensor];
  const made = { heads, width };
  const forms: AttentionParts[] = [
    { score: new MusicTransformerScore({ ...made, distances: length }) },
    { score: new ShawScore({ width, farthest: 3 }), mix: new RelativeValues({ width, farthest: 3 }) },
    { score: new TransformerXlScore({ ...made, positionWidth: length }) },
  ];
  for (const parts of forms) {
    const module = new Attention(parts);
    const own = [...module.parameters().values()];
    const y = module.attend(...x);
    const sizes = sizesOf([y, ...gradients(y.mul(y).sum(), [...x, ...own.map(parameterTensor)])]);
    // Rows of T + S offsets are the largest; vectors of pairs would be four times as large.
    expect(Math.max(...sizes)).toBeLessThanOrEqual(heads * (length + length) * width);
  }
});

/** Numbers in each tensor that these are computed of. */
function sizesOf(roots: readonly Tensor[]): number[] {
  const seen = new Set<Tensor>();
  const visit = (t: Tensor): void => {
    if (seen.has(t)) return;
    seen.add(t);
    t.node.inputs.forEach(visit);
  };
  roots.forEach(visit);
  return [...seen].map((t) => t.shape.reduce<number>((a, d) => a * Number(d), 1));
}

test('the exponential kernel divided by its sum is softmax, whatever the mask; a row of none is zero, its gradient finite', () => {
  fc.assert(
    fc.property(fc.array(fc.boolean(), { minLength: T * T, maxLength: T * T }), (bits) => {
      bits.fill(false, 0, T); // the first query has nothing to attend to
      const { x, feeds } = fed(whole);
      const mask = input('mask', [T, T], 'bool');
      feeds.set(mask, refArray([T, T], bits.map(Number)));
      const results = [{}, { score: exponentialKernel(), normaliser: kernelNormaliser }].map((parts) => {
        const y = attend(x[0] as Tensor, x[1] as Tensor, x[2] as Tensor, { ...parts, inputs: { mask } });
        return [y, ...gradients(y.mul(y).sum(), x)].map((t) => numbersOf(t, feeds));
      }) as [Float64Array[], Float64Array[]];
      results[1].forEach((values, i) => {
        expect(relativeDifference(values, results[0][i])).toBeLessThan(1e-10);
      });
      expect(new Set(results[1][0]?.slice(0, H * V))).toEqual(new Set([0]));
    }),
    { numRuns: 15 },
  );
});
