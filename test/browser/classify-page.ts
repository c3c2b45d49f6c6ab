import { decodeImage, preprocessingOf } from '#dist/datasets/index.js';
import { ViT } from '#dist/models/index.js';
import { ImageClassifier } from '#dist/predict/index.js';
import { configureEngine } from '#dist/runtime/index.js';

/** Decodes image files and says what a small model makes of them; in Node and in Chromium alike. */
export default async function page({ wasmPaths, images }: { wasmPaths?: string; images: readonly number[][] }): Promise<object> {
  if (wasmPaths !== undefined) configureEngine({ wasmPaths });
  const model = new ViT({ image: 12, patch: 4, layers: 2, heads: 2, width: 16, labels: ['a', 'b', 'c'], seed: 5 });
  const classifier = new ImageClassifier(model, preprocessingOf({ path: 'preprocessor_config.json', values: { size: 12 } }));
  const results: object[] = [];
  for (const bytes of images) {
    const image = await decodeImage(Uint8Array.from(bytes));
    const labels = await classifier.classify(image);
    results.push({ pixels: [...image.data], probabilities: labels.map((l) => l.probability), order: labels.map((l) => l.label) });
  }
  await classifier.dispose();
  return results;
}
