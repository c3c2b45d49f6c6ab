import { expect, test } from 'vitest';
import { type EvaluationBatch, imageData, type LabelledImages, splitImages, type TokenBatch } from '#dist/datasets/index.js';

/** Images of 2 × 1 whose pixels say which they are. */
const numbered = (count: number): LabelledImages => ({
  count,
  height: 1,
  width: 2,
  pixels: Uint8Array.from({ length: 2 * count }, (_, i) => (i % 2 === 0 ? i / 2 : 200)),
  labels: Uint8Array.from({ length: count }, (_, i) => i % 3),
});

test('an epoch takes every image once, with its label, each epoch in an order of its own', () => {
  const data = imageData({ train: numbered(30), validation: numbered(4) });
  const shape = { rows: 5, length: 2, targets: 1 };
  const draw = data.batches(shape, 7) as (index: number) => TokenBatch;
  const epoch = (e: number) => [0, 1, 2, 3, 4, 5].map((i) => draw(6 * e + i));
  const seen = (batches: TokenBatch[]) => batches.flatMap((b) => [...b.inputs].filter((_, i) => i % 2 === 0));
  expect(seen(epoch(0)).toSorted((a, b) => a - b)).toEqual([...Array(30).keys()]);
  expect(seen(epoch(1)).toSorted((a, b) => a - b)).toEqual([...Array(30).keys()]);
  expect(seen(epoch(1))).not.toEqual(seen(epoch(0)));
  for (const { inputs, targets } of epoch(0)) {
    expect(inputs.length).toBe(10);
    targets.forEach((label, r) => {
      expect([inputs[2 * r + 1], label]).toEqual([200, (inputs[2 * r] as number) % 3]);
    });
  }
  // A batch is a function of the seed and its number.
  expect((data.batches(shape, 7) as (index: number) => TokenBatch)(3)).toEqual(draw(3));
  expect((data.batches(shape, 8) as (index: number) => TokenBatch)(3)).not.toEqual(draw(3));
});

test('evaluation takes every image kept apart once, in order', () => {
  const data = imageData({ train: numbered(3), validation: numbered(7) });
  const batches = [...(data.evaluation({ rows: 3, length: 2, targets: 1 }) as Iterable<EvaluationBatch>)];
  expect(batches.map((b) => b.count)).toEqual([3, 3, 1]);
  expect(batches.flatMap((b) => [...b.inputs].filter((_, i) => i % 2 === 0))).toEqual([0, 1, 2, 3, 4, 5, 6]);
  expect(batches.flatMap((b) => [...b.targets])).toEqual([0, 1, 2, 0, 1, 2, 0]);
});

test('a split keeps the last images apart', () => {
  const { train, validation } = splitImages(numbered(10), 3);
  expect([train.count, validation.count]).toEqual([7, 3]);
  expect([...validation.pixels]).toEqual([7, 200, 8, 200, 9, 200]);
  expect([...validation.labels]).toEqual([1, 2, 0]);
  for (const count of [0, 10, 2.5]) expect(() => splitImages(numbered(10), count)).toThrow(/from 1 to 9 of the 10 images/);
});

test('images of another size are refused', () => {
  const other = { ...numbered(4), width: 1, pixels: new Uint8Array(4) };
  expect(() => imageData({ train: numbered(4), validation: other })).toThrow(/images of one size.*got 2 and 1 numbers per image/);
  const data = imageData({ train: numbered(4), validation: numbered(2) });
  expect(() => data.batches({ rows: 2, length: 3, targets: 1 }, 0)).toThrow(/rows of 2 numbers, an image each; got 3/);
});
