import { expect, test, vi } from 'vitest';
import {
  AxialAttention,
  ColumnAttention,
  MultiHeadAttention,
  PairBiasAttention,
  SigmoidGate,
  TriangleAttention,
} from '#dist/attention/index.js';
import { currentPath } from '#dist/core/index.js';
import {
  Bert,
  type EncoderHead,
  RecurrentEncoder,
  SequenceClassifier,
  Transformer,
  TransformerDecoder,
  TransformerEncoder,
  ViT,
} from '#dist/models/index.js';
import { Inception, Module, RecurrentLayers } from '#dist/nn/index.js';
import { sizes, smallModels, statefulModels } from './small.js';

const labels = ['no', 'yes'];
const heads: readonly EncoderHead[] = [
  { kind: 'none' },
  { kind: 'maskedLanguage', tied: false },
  { kind: 'sequence', labels },
  { kind: 'token', labels },
  { kind: 'question' },
];
const image = { image: 8, patch: 4, layers: 2, heads: 2, width: 8 };
const translated = { sourceVocabulary: 7, targetVocabulary: 7, layers: 2, heads: 2, width: 8 };
const pairs = { pairWidth: 4, heads: 2, headWidth: 3 };

const makers: Readonly<Record<string, () => Module>> = {
  ...smallModels,
  ...statefulModels,
  ...Object.fromEntries(heads.map((head) => [`bert for ${head.kind}`, () => new Bert({ ...sizes, head, pooler: true })])),
  vit: () => new ViT({ ...image, labels }),
  deit: () => new ViT({ ...image, labels, distilled: true, head: 'teacher' }),
  transformer: () => new Transformer({ ...translated, tied: false }),
  'transformer of one embedding': () => new Transformer({ ...translated, shared: true, norm: 'pre', decoderLayers: 1 }),
  'encoder stack': () => new TransformerEncoder({ layers: 2, heads: 2, width: 8 }),
  'decoder stack': () => new TransformerDecoder({ layers: 2, heads: 2, width: 8, norm: 'pre' }),
  inception: () => new Inception({ from: 3, one: 2, three: [2, 2], five: [2, 2], pool: 2, batchNorm: true }),
  'recurrent layers': () => new RecurrentLayers({ cell: 'gru', width: 4, hidden: 3, layers: 2, bidirectional: true }),
  'low-rank attention': () => new MultiHeadAttention({ width: 8, heads: 2, rank: 2, normEpsilon: 1e-5 }),
  'axial attention': () => new AxialAttention({ width: 8, heads: 2, along: 'rows' }),
  'triangle attention': () => new TriangleAttention({ ...pairs, node: 'ending' }),
  'pair bias': () => new PairBiasAttention({ ...pairs, width: 6 }),
  'column attention': () => new ColumnAttention({ width: 6, heads: 2, headWidth: 3 }),
};

/** Modules whose constructors take what they are given: they need no name to complain under. */
const neverRefuse = new Set([
  ...['Linear', 'Embedding', 'LayerNorm', 'RmsNorm', 'BatchNorm', 'Mlp', 'GatedMlp', 'Direction', 'Attention', SigmoidGate.name],
  ...['LearnedPositions', 'PatchEmbedding', 'PatchPositions', 'Pooler', 'MaskedLanguageHead', 'SequenceHead', 'TokenHead'],
]);

/** Every module that is made, with the path that an error would have named in its constructor. */
function built(make: () => Module): Map<Module, string> {
  const found = new Map<Module, string>();
  const define = Reflect.defineProperty;
  const spy = vi.spyOn(Reflect, 'defineProperty').mockImplementation((target, key, descriptor) => {
    if (target instanceof Module && !found.has(target)) found.set(target, currentPath());
    return define(target, key, descriptor);
  });
  try {
    make().parameters();
  } finally {
    spy.mockRestore();
  }
  return found;
}

test.each(Object.entries(makers))('%s: what may refuse is built under the name that it gets', (_, make) => {
  const found = [...built(make)].filter(([module]) => !neverRefuse.has(module.constructor.name));
  expect(found.length).toBeGreaterThan(0);
  expect(found.map(([module, path]) => [module.constructor.name, path])).toEqual(
    found.map(([module]) => [module.constructor.name, module.path]),
  );
});

test('it would show: a classifier’s encoder is made before, without it', () => {
  const make = () => new SequenceClassifier(new RecurrentEncoder({ ...sizes, cell: 'gru' }), { classes: 2 });
  const paths = [...built(make)].map(([module, path]) => [path, module.path]);
  expect(paths).toContainEqual(['recurrent', 'encoder.recurrent']);
});
