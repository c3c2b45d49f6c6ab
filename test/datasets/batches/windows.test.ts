import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { randomKey, uniform } from '#dist/core/index.js';
import { evaluationWindows, randomWindows, type TokenSequence } from '#dist/datasets/index.js';

const counted = (n: number) => Int32Array.from({ length: n }, (_, i) => i);
/** As tokens on a disk are: to be waited for. */
const distant = (ids: Int32Array): TokenSequence => ({
  length: ids.length,
  read: (start, end) => Promise.resolve(ids.slice(start, end)),
  where: 'far.txt',
});

test('sequences that are to be waited for give the same batches', async () => {
  const ids = counted(1003);
  const options = { context: 16, batch: 3, seed: 7 };
  for (const step of [0, 1, 99]) {
    expect(await randomWindows({ ids: distant(ids), ...options })(step)).toEqual(randomWindows({ ids, ...options })(step));
  }
  const batches = [];
  for await (const batch of evaluationWindows(distant(ids), 16, 3)) batches.push(batch);
  expect(batches).toEqual([...evaluationWindows(ids, 16, 3)]);
  expect(() => evaluationWindows(distant(counted(1)), 16)).toThrow('far.txt: at least 2 tokens');
  expect(() => randomWindows({ ids: distant(counted(9)), ...options })).toThrow('far.txt: a window needs context + 1 = 17 tokens; got 9.');
});

test('a sequence of billions is drawn from everywhere, at every place', () => {
  const length = 2 ** 40;
  const starts: number[] = [];
  const ids: TokenSequence = {
    length,
    read: (start, end) => {
      starts.push(start);
      return new Int32Array(end - start);
    },
  };
  for (let step = 0; step < 200; step++) randomWindows({ ids, context: 8, batch: 8, seed: 1 })(step);
  for (let eighth = 0; eighth < 8; eighth++) {
    const count = starts.filter((start) => Math.floor((start / length) * 8) === eighth).length;
    expect(Math.abs(count - 200)).toBeLessThan(66); // five standard deviations of 13
  }
  // 32 bits alone would give multiples of 2^8 only.
  expect(new Set(starts.map((start) => start % 256)).size).toBeGreaterThan(200);
});

describe('randomWindows', () => {
  test('a window begins where its formula says', () => {
    const at = randomWindows({ ids: counted(5000), context: 16, batch: 4, seed: 11 });
    for (const step of [0, 3, 70_000]) {
      const { inputs } = at(step);
      for (let b = 0; b < 4; b++) expect(inputs[b * 16]).toBe(Math.floor(uniform(randomKey(11, 'batch', step), b) * (5000 - 16)));
    }
  });

  test('each row is a run of the text, its targets one later; a step alone decides the batch', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 20 }),
        fc.integer({ min: 1, max: 6 }),
        fc.integer({ min: 1, max: 40 }),
        fc.nat(),
        fc.nat(100_000),
        (context, batch, spare, seed, step) => {
          const ids = counted(context + spare); // ids count up, so values are places
          const at = randomWindows({ ids, context, batch, seed });
          const { inputs, targets } = at(step);
          expect(inputs.length).toBe(batch * context);
          expect([...targets]).toEqual([...inputs].map((id) => id + 1));
          for (let b = 0; b < batch; b++) {
            const row = inputs.subarray(b * context, (b + 1) * context);
            const start = row[0] as number;
            expect([...row]).toEqual([...ids.subarray(start, start + context)]);
            expect(start + context).toBeLessThan(ids.length);
          }
          at(step + 1);
          expect(at(step)).toEqual({ inputs, targets });
          expect(randomWindows({ ids, context, batch, seed })(step)).toEqual({ inputs, targets });
        },
      ),
    );
  });

  test('every place is drawn about as often as any other, the first and the last among them', () => {
    const at = randomWindows({ ids: counted(14), context: 4, batch: 10, seed: 3 }); // starts 0 … 9
    const seen = new Array<number>(10).fill(0);
    for (let step = 0; step < 1000; step++) {
      const { inputs } = at(step);
      for (let b = 0; b < 10; b++) seen[inputs[b * 4] as number] = (seen[inputs[b * 4] as number] ?? 0) + 1;
    }
    expect(seen).toHaveLength(10);
    for (const count of seen) expect(Math.abs(count - 1000)).toBeLessThan(150); // five standard deviations of 30
  });

  test('other steps and other seeds give other batches', () => {
    const ids = counted(100_000);
    const first = (seed: number, step: number) => randomWindows({ ids, context: 1, batch: 8, seed })(step).inputs.join();
    const all = [0, 1, 2, 2 ** 32].flatMap((seed) => [0, 1, 2].map((step) => first(seed, step)));
    expect(new Set(all).size).toBe(all.length);
  });

  test('refuses a text shorter than a window, and steps that are none', () => {
    expect(() => randomWindows({ ids: counted(4), context: 4, batch: 1, seed: 1 })).toThrow(
      'a window needs context + 1 = 5 tokens; got 4.',
    );
    expect(() => randomWindows({ ids: counted(9), context: 4, batch: 0, seed: 1 })).toThrow(expect.objectContaining({ code: 'value' }));
    const at = randomWindows({ ids: counted(9), context: 4, batch: 1, seed: 1 });
    for (const step of [-1, 0.5, Number.NaN]) expect(() => at(step)).toThrow(expect.objectContaining({ code: 'value' }));
  });
});

describe('evaluationWindows', () => {
  test('every token but the first is a target exactly once, in order, after the token before it', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 2, max: 300 }),
        fc.integer({ min: 1, max: 40 }),
        fc.integer({ min: 1, max: 5 }),
        (n, context, batch) => {
          const batches = [...evaluationWindows(counted(n), context, batch)];
          expect(batches.flatMap((b) => [...b.targets])).toEqual([...counted(n)].slice(1));
          expect(batches.flatMap((b) => [...b.inputs])).toEqual([...counted(n)].slice(0, -1));
          for (const [index, b] of batches.entries()) {
            const isLast = index === batches.length - 1;
            expect(b.inputs.length).toBe(b.count * b.length);
            expect(b.targets.length).toBe(b.inputs.length);
            if (b.length !== context) expect([isLast, b.count, b.length < context]).toEqual([true, 1, true]);
            else if (batches[index + 1]?.length === context) expect(b.count).toBe(batch);
            else expect(b.count).toBeLessThanOrEqual(batch);
          }
        },
      ),
    );
  });

  test('can be walked through twice', () => {
    const windows = evaluationWindows(counted(10), 4, 2);
    expect([...windows]).toEqual([...windows]);
    expect([...windows].map(({ count, length }) => [count, length])).toEqual([
      [2, 4],
      [1, 1],
    ]);
  });

  test('refuses at once a text with nothing to predict', () => {
    for (const n of [0, 1]) expect(() => evaluationWindows(counted(n), 4)).toThrow('at least 2 tokens');
    expect(() => evaluationWindows(counted(9), 0)).toThrow(expect.objectContaining({ code: 'value' }));
  });
});
