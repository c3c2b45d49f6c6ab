import { HostArray, normal, randomKey } from '#dist/core/index.js';
import type { LensModel, LensPrompt } from '#dist/lens/index.js';
import { AttentionOnly, Bert, Gemma, GPT2, Llama, Transformer, ViT } from '#dist/models/index.js';
import { enlarged } from './models.js';

const sizes = { vocabulary: 13, context: 12, layers: 2, heads: 4, width: 16 };
const bert = { ...sizes, hidden: 24 };
const image = { image: 8, patch: 4, layers: 2, heads: 2, width: 8 };
const pair = { sourceVocabulary: 13, targetVocabulary: 13, layers: 2, heads: 2, width: 8, hidden: 12 };

/** Every kind of model that the lens looks into, small, with numbers that matter, and a prompt for each. */
export const looked: Readonly<Record<string, () => { readonly model: LensModel; readonly prompt: LensPrompt }>> = {
  gpt2: () => ofTokens(new GPT2(sizes)),
  'attention-only': () => ofTokens(new AttentionOnly(sizes)),
  'attention-only without norms': () => ofTokens(new AttentionOnly({ ...sizes, norm: false, bias: false })),
  'llama, grouped heads': () => ofTokens(new Llama({ ...sizes, kvHeads: 2, attentionBias: 'all' })),
  'gemma 2, norms after, soft caps': () =>
    ofTokens(new Gemma({ ...sizes, kvHeads: 2, hidden: 12, postNorms: true, scoreCap: 3, logitCap: 5, window: 3 })),
  'bert, masked words': () => ofTokens(new Bert({ ...bert, head: { kind: 'maskedLanguage', tied: true } })),
  'roberta, a label': () => ofTokens(new Bert({ ...bert, family: 'roberta', head: { kind: 'sequence', labels: ['no', 'yes'] } })),
  'bert, a label by its pooler': () => ofTokens(new Bert({ ...bert, head: { kind: 'sequence', labels: ['no', 'yes', 'so'] } })),
  vit: () => ofImages(new ViT({ ...image, labels: ['cat', 'dog', 'owl'] })),
  'deit with a teacher': () => ofImages(new ViT({ ...image, labels: ['cat', 'dog', 'owl'], distilled: true, head: 'teacher' })),
  'transformer, norms after': () => ofPairs(new Transformer(pair)),
  'transformer, norms before': () => ofPairs(new Transformer({ ...pair, norm: 'pre', tied: false })),
};

/** One of them. */
export function lookedAt(name: string): { readonly model: LensModel; readonly prompt: LensPrompt } {
  const make = looked[name];
  if (make === undefined) throw new Error(name);
  return make();
}

function ofTokens(model: LensModel) {
  return { model: enlarged(model), prompt: [3, 7, 1, 12, 3, 7, 5, 2] };
}

function ofImages(model: ViT) {
  const key = randomKey(3, 'pixels');
  const pixels = new HostArray(Float32Array.from({ length: 3 * 64 }, (_, i) => normal(key, i)), [1, 3, 8, 8], 'float32'); // biome-ignore format: one line
  return { model: enlarged(model), prompt: pixels };
}

function ofPairs(model: Transformer) {
  return { model: enlarged(model), prompt: { source: [3, 7, 1, 12, 4], target: [2, 5, 2, 9] } };
}
