import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { loadImageModel, saveImageModel } from '#dist/checkpoints/index.js';
import { imageData, openIdxImages, type Preprocessing, readPreprocessing, splitImages, writePreprocessing } from '#dist/datasets/index.js';
import { ImageRows, ViT } from '#dist/models/index.js';
import { ImageClassifier } from '#dist/predict/index.js';
import { adamW, train } from '#dist/train/index.js';
import { shared } from '../tokenizers/shared.js';

const mnist = shared('data/mnist');

it.skipIf(mnist === undefined)('a small ViT reads 93% of 1,000 handwritten digits after 9,000 others', async () => {
  const at = (name: string): string => join(mnist ?? '', name);
  const images = await openIdxImages(at('t10k-images-idx3-ubyte.gz'), at('t10k-labels-idx1-ubyte.gz'));
  const parts = splitImages(images, 1000);
  const digits = { image: 28, patch: 7, channels: 1, labels: [...'0123456789'] };
  const vit = new ViT({ ...digits, layers: 3, heads: 4, width: 64, hidden: 128, dropout: 0.1, epsilon: 1e-6 });
  const { exactMatch, seconds } = await train(new ImageRows(vit), {
    data: imageData(parts),
    steps: 4000,
    batch: 64,
    threads: 2,
    optimizer: adamW({ lr: 2e-3 }),
    evalEvery: 1000,
    onEvaluation: ({ step, trainLoss, valLoss, exactMatch }) => console.log({ step, trainLoss, valLoss, exactMatch }),
  });
  console.log({ exactMatch, seconds, parameters: vit.parameterCount });
  expect(exactMatch).toBeGreaterThan(0.93);

  // Saved, opened and asked image by image, it says the same.
  const folder = await mkdtemp(join(tmpdir(), 'headlight-digits-'));
  try {
    const preprocessing: Preprocessing = {
      size: { height: 28, width: 28 },
      resample: 'bilinear',
      crop: undefined,
      rescale: 1 / 255,
      normalise: { mean: [0.5], deviation: [0.5] },
    };
    await saveImageModel(folder, vit, { preprocessor: writePreprocessing(preprocessing) });
    const classifier = new ImageClassifier(await loadImageModel(folder), await readPreprocessing(folder));
    const { validation } = parts;
    let right = 0;
    for (let i = 0; i < validation.count; i++) {
      const grey = validation.pixels.subarray(784 * i, 784 * (i + 1));
      const data = Uint8Array.from({ length: 3 * 784 }, (_, k) => grey[Math.floor(k / 3)] as number);
      const [best] = await classifier.classify({ width: 28, height: 28, data });
      if (best?.index === validation.labels[i]) right++;
    }
    await classifier.dispose();
    expect(right / validation.count).toBeCloseTo(exactMatch ?? 0, 2);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
