import { HostArray, normal, randomKey } from '#dist/core/index.js';
import { imageLens, type Lens, lens, translationLens } from '#dist/lens/index.js';
import { Bert, Gemma, GPT2, modelBuilders, Transformer, ViT } from '#dist/models/index.js';
import type { Module } from '#dist/nn/index.js';

export const sizes = { vocabulary: 11, context: 8, layers: 2, heads: 2, width: 8 };

export const ids = [[1, 2, 3, 4, 5, 6, 7], [3, 1, 4, 1, 5, 9, 2]]; // biome-ignore format: rows

/** Gives every parameter normal numbers of about a half: initial values are too small for anything to depend on anything. */
export function enlarged<M extends Module>(model: M): M {
  for (const [name, p] of model.parameters()) {
    const key = randomKey(1, name);
    const shift = name.endsWith('norm.weight') ? 1 : 0;
    const data = Float32Array.from({ length: p.value.data.length }, (_, i) => 0.5 * normal(key, i) + shift);
    p.value = new HostArray(data, p.shape, 'float32');
  }
  return model;
}

export const smallGPT2 = (): GPT2 => enlarged(new GPT2(sizes));

const settings = { ...sizes, dropout: 0, activation: 'gelu_new', bias: true, tied: true, seed: 0 } as const;

/** A view of a small model, and a prompt for it. */
export interface Case {
  readonly view: Lens<never>;
  readonly prompt: never;
}

function testCase<P>(view: Lens<P>, prompt: P): Case {
  return { view: view as unknown as Lens<never>, prompt: prompt as never };
}

export const pixels = new HostArray(
  Float32Array.from({ length: 2 * 3 * 64 }, (_, i) => Math.sin(i)),
  [2, 3, 8, 8],
  'float32',
);

/** Every architecture of the registry, and every other kind of model: encoder, images, cross-attention, attention in blocks, grouped heads. */
export const cases: Readonly<Record<string, () => Case>> = {
  ...Object.fromEntries(
    Object.entries(modelBuilders).map(([name, { build }]) => [
      name,
      () => testCase(lens(enlarged(build({ ...settings, kvHeads: name === 'llama' ? 1 : undefined }))), ids),
    ]),
  ),
  gemma2: () => testCase(lens(enlarged(new Gemma({ ...sizes, hidden: 12, postNorms: true, scoreCap: 3, logitCap: 5, window: 3 }))), ids),
  blockwise: () => testCase(lens(enlarged(new GPT2({ ...sizes, attention: 'blockwise' }))), ids),
  bert: () => testCase(lens(enlarged(new Bert({ ...sizes, head: { kind: 'maskedLanguage', tied: true } }))), ids),
  vit: () => testCase(imageLens(enlarged(new ViT({ image: 8, patch: 4, layers: 2, heads: 2, width: 8, labels: ['a', 'b', 'c'] }))), pixels),
  transformer: () => {
    const model = new Transformer({ sourceVocabulary: 11, targetVocabulary: 11, layers: 2, width: 8, heads: 4, kvHeads: 2 });
    return testCase(translationLens(enlarged(model)), { source: ids, target: [[1, 2, 3], [4, 5, 6]] }); // biome-ignore format: rows
  },
};

/** The bits of two arrays are the same. */
export function sameBits(a: HostArray | undefined, b: HostArray | undefined): boolean {
  const bytes = (x: HostArray | undefined): Uint8Array =>
    new Uint8Array(x?.data.buffer ?? new ArrayBuffer(0), x?.data.byteOffset, x?.data.byteLength);
  return a !== undefined && b !== undefined && Buffer.compare(bytes(a), bytes(b)) === 0;
}
