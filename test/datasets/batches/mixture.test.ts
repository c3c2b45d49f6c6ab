import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { MemoryTokens, mixture, mixtureBlock, type RowOrder, type TrainingData, textData } from '#dist/datasets/index.js';

/** Data whose ids all are above `from`, in order. */
function part(from: number, n: number, order: RowOrder = 'shuffled', documents?: number[]): TrainingData {
  const tokens = new MemoryTokens(
    Int32Array.from({ length: n }, (_, i) => from + i),
    { ...(documents && { documents }) },
  );
  return textData({ train: tokens, validation: tokens }, { order });
}

/** Data whose rows are their own numbers. */
function numbered(mark: number): TrainingData {
  const rows = (shape: { rows: number }, index: number) => Int32Array.from({ length: shape.rows }, (_, b) => index * shape.rows + b);
  return {
    size: 1,
    packed: false,
    exactMatch: true,
    hasIgnored: false,
    batches: (shape) => (index) => ({ inputs: rows(shape, index), targets: rows(shape, index).fill(mark) }),
    evaluation: () => [],
  };
}

describe('proportions', () => {
  test('in every block each part has its share to the row, and each of its rows comes once', async () => {
    const weights = [5, 2.5, 0.5];
    const at = mixture(weights.map((weight, mark) => ({ data: numbered(mark), weight }))).batches({ rows: mixtureBlock / 4, length: 1 }, 9);
    const seen: number[][] = [[], [], []];
    for (let block = 0; block < 2; block++) {
      for (let quarter = 0; quarter < 4; quarter++) {
        const { inputs, targets } = await at(block * 4 + quarter);
        targets.forEach((mark, i) => {
          seen[mark]?.push(inputs[i] as number);
        });
      }
      const shares = weights.map((weight) => (weight / 8) * mixtureBlock * (block + 1));
      expect(seen.map((rows) => rows.length)).toEqual(shares);
      for (const rows of seen) expect([...rows].sort((a, b) => a - b)).toEqual(rows.map((_, i) => i));
    }
  });

  test('a short run has them too, within chance', async () => {
    const at = mixture([
      { data: numbered(0), weight: 9 },
      { data: numbered(1), weight: 1 },
    ]).batches({ rows: 10, length: 1 }, 4);
    let ones = 0;
    for (let index = 0; index < 400; index++) ones += (await at(index)).targets.reduce((sum, mark) => sum + mark, 0);
    expect(Math.abs(ones - 400)).toBeLessThan(5 * Math.sqrt(4000 * 0.1 * 0.9));
  });

  test('whatever the weights, every part has a share, and shares are as weights say to a row', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.double({ min: 1e-300, max: 1e300, noNaN: true }), { minLength: 1, maxLength: 6 }), async (weights) => {
        const at = mixture(weights.map((weight, mark) => ({ data: numbered(mark), weight }))).batches({ rows: mixtureBlock, length: 1 }, 1);
        const counts = weights.map(() => 0);
        for (const mark of (await at(0)).targets) counts[mark] = (counts[mark] as number) + 1;
        const largest = Math.max(...weights);
        const total = weights.reduce((sum, weight) => sum + weight / largest, 0);
        counts.forEach((count, i) => {
          expect(count).toBeGreaterThan(0);
          expect(Math.abs(count - ((weights[i] as number) / largest / total) * mixtureBlock)).toBeLessThanOrEqual(weights.length);
        });
      }),
      { numRuns: 10 },
    );
  });
});

test('a shuffled part sees each of its windows once an epoch', async () => {
  const a = part(0, 801);
  const at = mixture([
    { data: a, weight: 1 },
    { data: part(1000, 4001), weight: 3 },
  ]).batches({ rows: mixtureBlock, length: 8 }, 2);
  const { inputs } = await at(0);
  const starts = Array.from({ length: mixtureBlock }, (_, b) => inputs[b * 8] as number).filter((id) => id < 1000);
  expect(starts).toHaveLength(mixtureBlock / 4);
  // 165 whole epochs of 99 windows, and a part of another: no window more than one time more than an epoch each.
  const perPlace = new Map<number, number>();
  for (const start of starts) perPlace.set(Math.floor(start / 8), (perPlace.get(Math.floor(start / 8)) ?? 0) + 1);
  expect(perPlace.size).toBeGreaterThanOrEqual(99);
  for (let place = 1; place < 98; place++) {
    expect(perPlace.get(place)).toBeGreaterThanOrEqual(165);
    expect(perPlace.get(place)).toBeLessThanOrEqual(166);
  }
});

test('a batch depends on the seed and its number alone, a row not on how many are in a batch', async () => {
  const parts = [
    { data: part(0, 500, 'random'), weight: 1 },
    { data: part(1000, 500), weight: 1 },
  ];
  const at = mixture(parts).batches({ rows: 4, length: 8 }, 3);
  const batches = await Promise.all(Array.from({ length: 20 }, (_, i) => at(i)));
  for (const i of [19, 0, 7]) expect(await mixture(parts).batches({ rows: 4, length: 8 }, 3)(i)).toEqual(batches[i]);
  const single = mixture(parts).batches({ rows: 1, length: 8 }, 3);
  for (let row = 0; row < 80; row++) {
    const batch = batches[Math.floor(row / 4)];
    expect((await single(row)).inputs).toEqual(batch?.inputs.slice((row % 4) * 8, (row % 4) * 8 + 8));
  }
  expect(await mixture(parts).batches({ rows: 4, length: 8 }, 4)(0)).not.toEqual(batches[0]);
});

test('the same text twice gives other windows', async () => {
  const parts = [part(0, 100_000, 'random'), part(0, 100_000, 'random')].map((data) => ({ data, weight: 1 }));
  const { inputs } = await mixture(parts).batches({ rows: 64, length: 1 }, 1)(0);
  expect(new Set(inputs).size).toBeGreaterThan(60);
});

test('beside packed parts, rows of others are one document; evaluation is the parts one after the other', async () => {
  const packed = part(0, 100, 'packed', [0, 3, 50]);
  const plain = part(1000, 100, 'random');
  const both = mixture([
    { data: packed, weight: 1 },
    { data: plain, weight: 1 },
  ]);
  expect(both).toMatchObject({ packed: true, hasIgnored: true, exactMatch: false, size: 200 });
  const shape = { rows: 16, length: 8 };
  const batch = await both.batches(shape, 1)(0);
  for (let b = 0; b < 16; b++) {
    if ((batch.inputs[b * 8] as number) < 1000) continue;
    expect([...(batch.documents ?? []).slice(b * 8, b * 8 + 8)]).toEqual([0, 0, 0, 0, 0, 0, 0, 0]);
    expect([...(batch.positions ?? []).slice(b * 8, b * 8 + 8)]).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
  }
  const collect = async (data: TrainingData) => {
    const found = [];
    for await (const { inputs, targets } of data.evaluation(shape)) found.push({ inputs, targets });
    return found;
  };
  expect(await collect(both)).toEqual([...(await collect(packed)), ...(await collect(plain))]);
  for await (const { inputs, documents, positions, length } of both.evaluation(shape)) {
    expect(documents?.length).toBe(inputs.length);
    if ((inputs[0] as number) >= 1000) expect([...(positions ?? [])]).toEqual([...inputs].map((_, at) => at % length));
  }
});

test('refuses no parts, weights that are none, and rows of images', () => {
  expect(() => mixture([])).toThrow('mixture: at least one part; got none.');
  const images = { ...part(0, 100), targetsPerRow: 1, inputRange: 256 };
  expect(() => mixture([{ data: images, weight: 1 }])).toThrow(/mixture: parts whose rows are tokens, each with a target; got images/);
  for (const weight of [0, -1, Number.NaN, Number.POSITIVE_INFINITY]) {
    expect(() => mixture([{ data: part(0, 100), weight }])).toThrow(expect.objectContaining({ code: 'value' }));
  }
});
