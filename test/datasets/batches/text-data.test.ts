import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  asTrainingData,
  type EvaluationBatch,
  evaluationWindows,
  ignored,
  MemoryTokens,
  type RowOrder,
  randomWindows,
  rowOrders,
  type TokenBatch,
  type TokenSequence,
  textData,
} from '#dist/datasets/index.js';

const counted = (n: number) => Int32Array.from({ length: n }, (_, i) => i);

/** Ids count up, so that values are places. */
function sequence(n: number, documents?: readonly number[]): TokenSequence {
  return new MemoryTokens(counted(n), { ...(documents && { documents }) });
}

function dataOf(tokens: Int32Array | TokenSequence, order: RowOrder) {
  return textData({ train: tokens, validation: tokens }, { order });
}

async function collect<T>(values: Iterable<T> | AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const value of values) all.push(value);
  return all;
}

/** The rows of the first batches. */
async function rowsOf(
  tokens: Int32Array | TokenSequence,
  order: RowOrder,
  shape: { rows: number; length: number },
  seed: number,
  count: number,
) {
  const at = dataOf(tokens, order).batches(shape, seed);
  const rows: { inputs: number[]; targets: number[]; documents?: number[]; positions?: number[] }[] = [];
  for (let index = 0; rows.length < count; index++) rows.push(...split(await at(index), shape.length));
  return rows.slice(0, count);
}

function split(batch: TokenBatch, length: number) {
  const row = (values: Int32Array, b: number) => [...values.subarray(b * length, (b + 1) * length)];
  return Array.from({ length: batch.inputs.length / length }, (_, b) => ({
    inputs: row(batch.inputs, b),
    targets: row(batch.targets, b),
    ...(batch.documents && { documents: row(batch.documents, b) }),
    ...(batch.positions && { positions: row(batch.positions, b) }),
  }));
}

const marks = fc.uniqueArray(fc.integer({ min: 1, max: 199 }), { maxLength: 30 }).map((list) => [0, ...list.sort((a, b) => a - b)]);

test('random is what randomWindows draws, evaluated in windows side by side', async () => {
  const ids = counted(500);
  const data = dataOf(ids, 'random');
  const windows = randomWindows({ ids, context: 8, batch: 3, seed: 5 });
  for (const step of [0, 1, 17]) expect(data.batches({ rows: 3, length: 8 }, 5)(step)).toEqual(windows(step));
  expect(await collect(data.evaluation({ rows: 3, length: 8 }))).toEqual([...evaluationWindows(ids, 8, 3)]);
  expect([data.size, data.packed, data.hasIgnored, data.exactMatch]).toEqual([500, false, false, false]);
});

describe('shuffled', () => {
  test('each epoch takes windows that touch, each once, over all but the ends; across batches that span two epochs', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 12 }),
        fc.integer({ min: 1, max: 150 }),
        fc.integer({ min: 1, max: 7 }),
        fc.nat(),
        async (length, spare, rows, seed) => {
          const n = length + spare;
          const perEpoch = Math.max(1, Math.floor((n - length) / length));
          const drawn = await rowsOf(counted(n), 'shuffled', { rows, length }, seed, 3 * perEpoch);
          for (let epoch = 0; epoch < 3; epoch++) {
            const starts = drawn.slice(epoch * perEpoch, (epoch + 1) * perEpoch).map(({ inputs }) => inputs[0] as number);
            const sorted = starts.sort((a, b) => a - b);
            const first = sorted[0] as number;
            expect(sorted).toEqual(sorted.map((_, i) => first + i * length));
            expect(first).toBeLessThan(length);
            expect((sorted.at(-1) as number) + length).toBeLessThan(n);
          }
          for (const { inputs, targets } of drawn) {
            expect(inputs).toEqual(inputs.map((_, t) => (inputs[0] as number) + t));
            expect(targets).toEqual(inputs.map((id) => id + 1));
          }
        },
      ),
    );
  });

  test('a batch depends on the seed and its number alone', async () => {
    const at = dataOf(counted(2000), 'shuffled').batches({ rows: 4, length: 8 }, 3);
    const batches = await Promise.all(Array.from({ length: 100 }, (_, i) => at(i)));
    for (const i of [99, 0, 50, 62, 61]) expect(at(i)).toEqual(batches[i]);
    expect(dataOf(counted(2000), 'shuffled').batches({ rows: 4, length: 8 }, 4)(0)).not.toEqual(batches[0]);
  });

  test('rows do not depend on how many are in a batch', async () => {
    const one = await rowsOf(counted(500), 'shuffled', { rows: 1, length: 8 }, 3, 120);
    expect(await rowsOf(counted(500), 'shuffled', { rows: 8, length: 8 }, 3, 120)).toEqual(one);
  });

  test('epochs differ in order and in where windows begin', async () => {
    const drawn = await rowsOf(counted(801), 'shuffled', { rows: 1, length: 8 }, 3, 99 * 20);
    const offsets = Array.from({ length: 20 }, (_, epoch) => (drawn[epoch * 99]?.inputs[0] as number) % 8);
    expect(new Set(offsets).size).toBeGreaterThan(4);
    const places = (epoch: number) => drawn.slice(epoch * 99, epoch * 99 + 99).map(({ inputs }) => Math.floor((inputs[0] as number) / 8));
    expect(places(0)).not.toEqual(places(1));
    expect(places(0)).not.toEqual([...places(0)].sort((a, b) => a - b));
  });
});

describe('packed', () => {
  /** What each token's document is, by looking along the row. */
  function check(
    row: { inputs: number[]; targets: number[]; documents?: number[]; positions?: number[] },
    documents: readonly number[],
  ): number {
    let number = 0;
    let position = 0;
    let counted = 0;
    row.inputs.forEach((id, t) => {
      if (t > 0 && documents.includes(id)) {
        number++;
        position = 0;
      }
      expect(row.documents?.[t]).toBe(number);
      expect(row.positions?.[t]).toBe(position++);
      const crosses = documents.includes(id + 1);
      expect(row.targets[t]).toBe(crosses ? ignored : id + 1);
      if (!crosses) counted++;
    });
    return counted;
  }

  test('rows are those of shuffled; documents, positions and targets never cross from one to the next', async () => {
    await fc.assert(
      fc.asyncProperty(marks, fc.integer({ min: 1, max: 20 }), fc.nat(), async (documents, length, seed) => {
        const rows = await rowsOf(sequence(200, documents), 'packed', { rows: 3, length }, seed, 20);
        const plain = await rowsOf(sequence(200), 'shuffled', { rows: 3, length }, seed, 20);
        expect(rows.map(({ inputs }) => inputs)).toEqual(plain.map(({ inputs }) => inputs));
        for (const row of rows) check(row, documents);
      }),
    );
  });

  test('evaluation counts every target within a document once', async () => {
    await fc.assert(
      fc.asyncProperty(marks, fc.integer({ min: 1, max: 20 }), fc.integer({ min: 1, max: 4 }), async (documents, length, rows) => {
        const batches = await collect(dataOf(sequence(200, documents), 'packed').evaluation({ rows, length }));
        const all = batches.flatMap((b) => split(b, b.length));
        expect(all.flatMap(({ inputs }) => inputs)).toEqual([...counted(199)]);
        expect(all.reduce((sum, row) => sum + check(row, documents), 0)).toBe(199 - (documents.length - 1));
      }),
    );
  });

  test('text without documents is one', async () => {
    const [row] = await rowsOf(counted(20), 'packed', { rows: 1, length: 4 }, 1, 1);
    expect(row?.documents).toEqual([0, 0, 0, 0]);
    expect(row?.positions).toEqual([0, 1, 2, 3]);
    expect(row?.targets).not.toContain(ignored);
    expect(dataOf(counted(20), 'packed')).toMatchObject({ packed: true, hasIgnored: true });
  });
});

describe('padded', () => {
  /** The rows a person would write down: document by document, cut to length. */
  function byHand(documents: readonly number[], n: number, length: number) {
    return documents.flatMap((start, d) => {
      const end = documents[d + 1] ?? n;
      const rows = [];
      for (let from = start; from < end - 1; from += length) {
        const real = Math.min(length, end - 1 - from);
        const row = (offset: number, filler: number) => Array.from({ length }, (_, t) => (t < real ? from + t + offset : filler));
        rows.push({ inputs: row(0, 0), targets: row(1, ignored) });
      }
      return rows;
    });
  }

  test('evaluation is every document in order; an epoch is the same rows, each once', async () => {
    await fc.assert(
      fc.asyncProperty(
        marks,
        fc.integer({ min: 1, max: 20 }),
        fc.integer({ min: 1, max: 4 }),
        fc.nat(),
        async (documents, length, rows, seed) => {
          const tokens = sequence(200, documents);
          const expected = byHand(documents, 200, length);
          const batches = await collect<EvaluationBatch>(dataOf(tokens, 'padded').evaluation({ rows, length }));
          expect(batches.flatMap((b) => split(b, length))).toEqual(expected);
          for (const b of batches) expect([b.length, b.count * length]).toEqual([length, b.inputs.length]);
          const drawn = await rowsOf(tokens, 'padded', { rows, length }, seed, 2 * expected.length);
          const key = ({ inputs }: { inputs: number[] }) => JSON.stringify(inputs);
          for (const epoch of [drawn.slice(0, expected.length), drawn.slice(expected.length)]) {
            expect(epoch.map(key).sort()).toEqual(expected.map(key).sort());
            for (const row of epoch) expect(expected).toContainEqual(row);
          }
        },
      ),
      { numRuns: 50 },
    );
  });

  test('documents of one token have nothing to predict', async () => {
    const all = sequence(3, [0, 1, 2]);
    expect(() => dataOf(all, 'padded').batches({ rows: 1, length: 4 }, 1)).toThrow('a document of at least 2 tokens');
  });
});

test.each(rowOrders)('%s: tokens that are to be waited for give the same batches', async (order) => {
  const near = sequence(200, [0, 7, 40, 41, 130]);
  const far: TokenSequence = { ...near, length: 200, documents: [0, 7, 40, 41, 130], read: async (start, end) => near.read(start, end) };
  const shape = { rows: 3, length: 8 };
  for (const index of [0, 5, 40]) {
    const batch = await dataOf(far, order).batches(shape, 9)(index);
    expect(batch).toEqual(await dataOf(near, order).batches(shape, 9)(index));
  }
  expect(await collect(dataOf(far, order).evaluation(shape))).toEqual(await collect(dataOf(near, order).evaluation(shape)));
});

test.each(rowOrders)('%s: batches are fresh, and may be given away', async (order) => {
  const ids = counted(100);
  const at = dataOf(ids, order).batches({ rows: 2, length: 8 }, 1);
  const batch = await at(0);
  const before = structuredClone(batch);
  for (const array of Object.values(batch) as Int32Array[]) array.fill(-7);
  expect(await at(0)).toEqual(before);
  for await (const b of dataOf(ids, order).evaluation({ rows: 2, length: 8 })) b.targets.fill(-7);
  expect(ids).toEqual(counted(100));
});

test('refuses unknown orders, texts that are too short, and batches that are none', async () => {
  const short = { train: counted(4), validation: counted(1) };
  expect(() => textData(short, { order: 'sorted' as RowOrder })).toThrow(
    'textData: order is one of random, shuffled, packed, padded; got sorted.',
  );
  for (const order of ['random', 'shuffled', 'packed'] as const) {
    expect(() => textData(short, { order }).batches({ rows: 1, length: 4 }, 1)).toThrow('a window needs context + 1 = 5 tokens; got 4.');
    await expect(async () => collect(textData(short, { order }).evaluation({ rows: 1, length: 4 }))).rejects.toThrow('at least 2 tokens');
    const at = dataOf(counted(50), order).batches({ rows: 1, length: 4 }, 1);
    for (const index of [-1, 0.5]) expect(() => at(index)).toThrow('a whole number of at least 0');
    expect(() => dataOf(counted(50), order).batches({ rows: 0, length: 4 }, 1)).toThrow('rows is a whole number of at least 1; got 0.');
  }
});

test('asTrainingData takes tokens, and leaves training data as they are', () => {
  const data = dataOf(counted(50), 'shuffled');
  expect(asTrainingData(data)).toBe(data);
  const plain = { train: counted(50), validation: counted(50) };
  expect(asTrainingData(plain).batches({ rows: 2, length: 4 }, 1)(3)).toEqual(textData(plain).batches({ rows: 2, length: 4 }, 1)(3));
});
