import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { HostArray } from '#dist/core/index.js';
import { KeyValueCache } from '#dist/generate/cache.js';

const [layers, heads, headWidth] = [2, 3, 2];

/** A number that says where it belongs: token `id` of a memory and head. */
const numberOf = (id: number, memory: number, head: number, d: number): number => 1000 * id + 100 * memory + 10 * head + d + 1;

/** Keys and values of tokens, as a program returns them. @param ids of each row, as many in each */
function recentOf(ids: readonly (readonly number[])[]): HostArray {
  const added = (ids[0] as readonly number[]).length;
  const data: number[] = [];
  for (let memory = 0; memory < 2 * layers; memory++) {
    for (const row of ids) {
      for (let head = 0; head < heads; head++)
        for (const id of row) for (let d = 0; d < headWidth; d++) data.push(numberOf(id, memory, head, d));
    }
  }
  return new HostArray(Float32Array.from(data), [2 * layers * ids.length, heads, added, headWidth], 'float32');
}

/** What rows of tokens must look like, whatever was there before. */
function expectTexts(cache: KeyValueCache, texts: readonly (readonly number[])[]): void {
  const { capacity } = cache;
  expect([...cache.lengths]).toEqual(texts.map((text) => text.length));
  expect([...cache.filled.data]).toEqual(texts.flatMap((text) => Array.from({ length: capacity }, (_, t) => Number(t < text.length))));
  for (const [memory, { data, shape }] of [...cache.keys, ...cache.values].entries()) {
    expect(shape).toEqual([texts.length, heads, capacity, headWidth]);
    const expected = texts.flatMap((text) =>
      Array.from({ length: heads * capacity * headWidth }, (_, i) => {
        const [head, t, d] = [Math.floor(i / (capacity * headWidth)), Math.floor(i / headWidth) % capacity, i % headWidth];
        return t < text.length ? numberOf(text[t] as number, memory, head, d) : 0;
      }),
    );
    expect([...data]).toEqual(expected);
  }
}

describe('the cache of keys and values', () => {
  const limit = 700;
  const operation = fc.oneof(
    fc.record({ kind: fc.constant('write' as const), added: fc.oneof(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 260 })) }),
    fc.record({ kind: fc.constant('write row' as const), row: fc.nat(1), added: fc.integer({ min: 1, max: 200 }) }),
    fc.record({ kind: fc.constant('keep' as const), count: fc.nat(limit) }),
    fc.record({ kind: fc.constant('clear' as const), row: fc.option(fc.nat(1), { nil: undefined }) }),
    fc.record({ kind: fc.constant('select' as const), rows: fc.tuple(fc.nat(1), fc.nat(1)) }),
  );

  test('holds what was written and not forgotten, and zeros, in no more slots than it needs', () => {
    fc.assert(
      fc.property(fc.array(operation, { maxLength: 12 }), (operations) => {
        const cache = new KeyValueCache({ layers, batch: 2, heads, headWidth, limit });
        let texts: number[][] = [[], []];
        let id = 0;
        for (const { kind, ...given } of operations) {
          const { added = 0, row, count = 0, rows = [] } = given as { added?: number; row?: number; count?: number; rows?: number[] };
          const into = kind === 'write row' ? [row as number] : [0, 1];
          if (kind === 'write' || kind === 'write row') {
            if (into.some((r) => (texts[r]?.length ?? 0) + added > limit)) continue;
            const ids = into.map(() => Array.from({ length: added }, () => id++ % 7000));
            cache.write(recentOf(ids), into);
            for (const [i, r] of into.entries()) texts[r]?.push(...(ids[i] as number[]));
          } else if (kind === 'keep') {
            cache.keep(count);
            texts = texts.map((text) => text.slice(0, count));
          } else if (kind === 'clear') {
            cache.clear(row);
            texts = texts.map((text, r) => (row === undefined || row === r ? [] : text));
          } else {
            cache.select(rows);
            texts = rows.map((from) => [...(texts[from] as number[])]);
          }
        }
        expectTexts(cache, texts);
        // Lines of other lengths would be summed in another order.
        expect(cache.capacity % 64).toBe(0);
        cache.keep(cache.length);
        expect(cache.capacity).toBeLessThanOrEqual(Math.max(64, 2 * (cache.length + 64)));
        cache.dispose();
      }),
      { numRuns: 60, seed: 5 },
    );
  });

  test('a short text after a long one is read over as few slots as if it were the first', () => {
    const cache = new KeyValueCache({ layers, batch: 1, heads, headWidth, limit: 1024 });
    const first = cache.capacity;
    cache.write(recentOf([Array.from({ length: 1000 }, (_, i) => i)]));
    expect(cache.capacity).toBe(1024);
    const { buffer } = (cache.keys[0] as HostArray).data;
    cache.clear();
    expect(cache.capacity).toBe(first);
    cache.write(recentOf([Array.from({ length: 16 }, (_, i) => i)]));
    expect(cache.capacity).toBe(64);
    expectTexts(cache, [Array.from({ length: 16 }, (_, i) => i)]);
    // What was allotted serves again.
    cache.write(recentOf([Array.from({ length: 900 }, (_, i) => 16 + i)]));
    expect((cache.keys[0] as HostArray).data.buffer).toBe(buffer);
    expectTexts(cache, [Array.from({ length: 916 }, (_, i) => i)]);
  });

  test('what is not a number goes with its text', () => {
    const cache = new KeyValueCache({ layers, batch: 1, heads, headWidth, limit: 64 });
    const recent = recentOf([[1, 2, 3]]);
    (recent.data as Float32Array).fill(Number.NaN);
    cache.write(recent);
    cache.keep(0);
    expectTexts(cache, [[]]);
  });

  test('what is not of its shape, or beyond its limit, is refused and changes nothing', () => {
    const cache = new KeyValueCache({ layers, batch: 1, heads, headWidth, limit: 4 });
    cache.write(recentOf([[1, 2, 3]]));
    expect(() => cache.write(recentOf([[4, 5]]))).toThrow('KV cache: at most 4 tokens; got 3 kept and 2 new');
    expect(() => cache.write(recentOf([[4], [5]]))).toThrow(/^KV cache: .* keys and values of every layer; got \[8,3,1,2\]/);
    expectTexts(cache, [[1, 2, 3]]);
  });
});
