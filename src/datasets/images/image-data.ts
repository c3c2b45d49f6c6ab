import { fail } from '../../core/index.js';
import { atLeastOne, wholeIndex } from '../batches/checks.js';
import { shuffledItems } from '../batches/shuffled.js';
import type { BatchShape, EvaluationBatch, TokenBatch, TrainingData } from '../data.js';
import type { LabelledImages } from './idx.js';

const where = 'imageData';

/**
 * Images to learn from and images kept apart, as `train` takes data: a row is an image, its inputs the numbers of its pixels
 * and its one target the label. Every epoch takes each image once, in its own order. `exactMatch` is the share of images
 * kept apart whose likeliest label is right.
 * @throws value: images of different sizes
 */
export function imageData({ train, validation }: { train: LabelledImages; validation: LabelledImages }): TrainingData {
  const numbers = numbersPerImage(train);
  if (numbersPerImage(validation) !== numbers) {
    const got = `${numbers} and ${numbersPerImage(validation)} numbers per image`;
    throw fail('value', { where, rule: 'images of one size to learn from and to be judged on', got });
  }
  return {
    size: train.count,
    packed: false,
    exactMatch: true,
    hasIgnored: false,
    targetsPerRow: 1,
    inputRange: 256,
    batches(shape, seed) {
      checkShape(shape, numbers);
      const items = shuffledItems(train.count, seed);
      return (index) => {
        wholeIndex(where, 'index', index);
        return batchOf(
          train,
          Array.from({ length: shape.rows }, (_, r) => items(index * shape.rows + r).item),
        );
      };
    },
    evaluation(shape) {
      checkShape(shape, numbers);
      return { [Symbol.iterator]: () => inOrder(validation, shape.rows) };
    },
  };
}

/** Cuts images in two: the last `count` of them, and all before. Views, not copies. @throws value: none left for a part */
export function splitImages(images: LabelledImages, count: number): { train: LabelledImages; validation: LabelledImages } {
  if (!(Number.isInteger(count) && count >= 1 && count < images.count)) {
    throw fail('value', { where: 'splitImages', rule: `from 1 to ${images.count - 1} of the ${images.count} images`, got: String(count) });
  }
  const numbers = numbersPerImage(images);
  const part = (from: number, to: number): LabelledImages => ({
    ...images,
    count: to - from,
    pixels: images.pixels.subarray(from * numbers, to * numbers),
    labels: images.labels.subarray(from, to),
  });
  return { train: part(0, images.count - count), validation: part(images.count - count, images.count) };
}

function numbersPerImage({ pixels, count }: LabelledImages): number {
  return pixels.length / count;
}

function checkShape({ rows, length }: BatchShape, numbers: number): void {
  atLeastOne(where, { rows });
  if (length !== numbers) {
    throw fail('value', {
      where,
      rule: `rows of ${numbers} numbers, an image each`,
      got: String(length),
      fix: 'Make the model for images of this size, or resize the images',
    });
  }
}

function batchOf(images: LabelledImages, items: readonly number[]): TokenBatch {
  const numbers = numbersPerImage(images);
  const inputs = new Int32Array(items.length * numbers);
  items.forEach((item, r) => {
    inputs.set(images.pixels.subarray(item * numbers, (item + 1) * numbers), r * numbers);
  });
  return { inputs, targets: Int32Array.from(items, (item) => images.labels[item] as number) };
}

function* inOrder(images: LabelledImages, rows: number): Generator<EvaluationBatch> {
  for (let start = 0; start < images.count; start += rows) {
    const items = Array.from({ length: Math.min(rows, images.count - start) }, (_, r) => start + r);
    yield { ...batchOf(images, items), count: items.length, length: numbersPerImage(images) };
  }
}
