import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Attention, and, causal, causalMask, dilated, forms, placesOf, slidingWindow } from '#dist/attention/index.js';
import { HeadlightError, host } from '#dist/core/index.js';
import { gradients } from '#dist/grad/index.js';
import { constant, input, type RefArray, type Tensor } from '#dist/ops/index.js';
import { sitesOf } from '#dist/runtime/index.js';
import { numbersOf, refArray } from '../../grad/programs.js';
import { B, D, type Example, examples, H, read, T } from './examples.js';
import { alike, atOnce, byQuery, firstHead, gathered, oneByOne, tokens, traced } from './run.js';

// Forms are found in the declarations: what each claims of itself is what the laws hold it to. A part that is declared and
// has no example fails here. Layers and positions have laws of their own, beside their tests.
const parts = ['Scores', 'Masks', 'Biases', 'Normalisers', 'Mixes'].flatMap((part) => forms[part] ?? []);
const subjects = parts.map((declaration) => ({
  ...declaration,
  example: examples[declaration.name] as Example,
}));

const seeds = fc.integer({ min: 0, max: 1_000_000 });
const always = (law: (seed: number) => void): void => fc.assert(fc.property(seeds, law), { numRuns: 4 });

test('every part has an example', () => {
  expect(parts.map(({ name }) => name).filter((name) => examples[name] === undefined)).toEqual([]);
  expect(Object.keys(examples).filter((name) => parts.every((p) => p.name !== name))).toEqual([]);
});

describe.each(subjects.filter(({ example }) => example !== undefined))('$name', ({ causal: claim, cacheable, example }) => {
  const { form, positional = false, alone = false, fixedLength = false, ownKeyHeads = false } = example;

  /** Whether a later token's change is seen by an earlier one. */
  function looksAhead(withMask: boolean, seed: number): boolean {
    const [list, others] = [tokens(seed, T), tokens(seed + 1, T)];
    const whole = atOnce(form(), list, withMask);
    return Array.from({ length: T - 1 }, (_, i) => i + 1).some((from) => {
      const changed = [...list.slice(0, from), ...others.slice(from)];
      return !alike(whole.slice(0, from), atOnce(form(), changed, withMask).slice(0, from));
    });
  }

  test(`causality: ${{ yes: 'nothing later is seen', mask: 'with the causal mask alone', no: 'not even with the mask' }[claim]}`, () => {
    always((seed) => {
      expect(looksAhead(false, seed)).toBe(claim !== 'yes');
      expect(looksAhead(true, seed)).toBe(claim === 'no');
    });
  });

  test(`tokens one by one with a cache are ${cacheable ? '' : 'not '}tokens at once`, () => {
    always((seed) => {
      const list = tokens(seed, T);
      const step = (): boolean => alike(oneByOne(form(), list, read, !alone), atOnce(form(), list, !alone));
      if (cacheable) expect(step()).toBe(true);
      else {
        let same = false;
        try {
          same = step();
        } catch {
          // Refused: that too is no cache.
        }
        expect(same).toBe(false);
      }
    });
  });

  test.skipIf(fixedLength)('a key that is masked might as well be taken out', () => {
    always((seed) => {
      const list = tokens(seed, T);
      const out = seed % T;
      const kept = list.filter((_, t) => t !== out);
      const mask = constant(host(list.map((_, t) => t !== out))).reshape([1, T]);
      const { query, key } = placesOf(T, T);
      const places = {
        query,
        key: constant(
          host(
            kept.map((t) => list.indexOf(t)),
            { dtype: 'int32' },
          ),
        ).reshape([1, T - 1]),
      };
      expect(key.shape).toEqual([1, T]);
      expect(alike(gathered(form(), list, list, { mask }), gathered(form(), list, kept, { places }))).toBe(true);
    });
  });

  test(positional ? 'knows the order of tokens' : 'knows no order: tokens permuted, results permuted', () => {
    const orders = fc.shuffledSubarray([...Array(T).keys()], { minLength: T, maxLength: T });
    const samples = fc.sample(fc.tuple(seeds, orders), { numRuns: 4, seed: 1 });
    const equivariant = samples.map(([seed, order]) => {
      const list = tokens(seed, T);
      const reordered = <X>(items: readonly X[]): X[] => order.map((t) => items[t] as X);
      return alike(atOnce(form(), reordered(list), false), reordered(atOnce(form(), list, false)));
    });
    expect(equivariant.every((is) => is)).toBe(!positional);
  });

  test('a query that may attend to nothing gathers exactly zero, and its gradients are finite', () => {
    always((seed) => {
      const list = tokens(seed, T);
      const row = seed % T;
      const { query, key, value, feeds } = traced(list);
      const mask = constant(host(list.map((_, i) => list.map(() => i !== row))));
      const mixed = form().attend(query, key, value, { mask });
      const weights = input('weights', mixed.shape);
      feeds.set(
        weights,
        refArray(
          mixed.shape as number[],
          Array.from({ length: B * T * H * D }, (_, i) => Math.sin(i)),
        ),
      );
      const pattern = sitesOf([mixed]).get('pattern') as Tensor;
      const found = gradients(mixed.mul(weights).sum(), [query, key, value]) as [Tensor, Tensor, Tensor];
      const rowsAt = (t: Tensor, axis: 1 | 2): number[] => sliceRow(t, numbersOf(t, feeds), axis, row);
      expect(rowsAt(pattern, 2).every((w) => w === 0)).toBe(true);
      expect(rowsAt(mixed, 1).every((w) => w === 0)).toBe(true);
      expect(rowsAt(found[0], 2).every((g) => Math.abs(g) === 0)).toBe(true);
      for (const g of found) expect(numbersOf(g, feeds).every(Number.isFinite)).toBe(true);
    });
  });

  test(ownKeyHeads ? 'other key heads than its own are refused' : 'heads that share keys and values are heads that have the same', () => {
    always((seed) => {
      const list = tokens(seed, T);
      const alone = ['key', 'value'].map((role) => input(role, [B, 1, T, D])) as [Tensor, Tensor];
      const { query, feeds, key, value } = traced(list);
      feeds.set(alone[0], firstHead(feeds.get(key) as RefArray)).set(alone[1], firstHead(feeds.get(value) as RefArray));
      if (ownKeyHeads) {
        expect(() => form().attend(query, ...alone)).toThrow(HeadlightError);
        return;
      }
      const repeated = alone.map((x) => x.expand([B, H, T, D])) as [Tensor, Tensor];
      const [shared, same] = [form().attend(query, ...alone), form().attend(query, ...repeated)];
      expect(alike(byQuery(shared, feeds), byQuery(same, feeds))).toBe(true);
    });
  });

  test('taps queries, keys, values, scores, pattern and what is mixed', () => {
    const { query, key, value } = traced(tokens(0, T));
    const sites = sitesOf([form().attend(query, key, value, { mask: causalMask(T) })]);
    expect([...sites.keys()].sort()).toEqual(['key', 'mixed', 'pattern', 'query', 'scores', 'value']);
  });
});

/** The elements of a row of [·,·,T,·] or [·,T,·,·]. */
function sliceRow({ shape }: Tensor, data: RefArray['data'], axis: 1 | 2, row: number): number[] {
  const inner = shape.slice(axis + 1).reduce<number>((a, b) => a * (b as number), 1);
  const size = shape[axis] as number;
  return Array.from(data).filter((_, i) => Math.floor(i / inner) % size === row);
}

describe('a window as long as the text is no window', () => {
  test.each([
    ['slidingWindow', slidingWindow],
    ['dilated by 1', (w: number) => dilated(w, 1)],
  ])('%s', (_, windowed) => {
    fc.assert(
      fc.property(seeds, fc.integer({ min: 1, max: 2 * T }), (seed, window) => {
        const list = tokens(seed, T);
        const near = atOnce(new Attention({ mask: windowed(window) }), list, false);
        expect(alike(near, atOnce(new Attention(), list, false))).toBe(window >= T);
        const nearBefore = atOnce(new Attention({ mask: and(causal, windowed(window)) }), list, false);
        expect(alike(nearBefore, atOnce(new Attention(), list, true))).toBe(window >= T);
      }),
      { numRuns: 20 },
    );
  });
});
