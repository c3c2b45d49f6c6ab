import { HostArray, normal, randomKey } from '#dist/core/index.js';
import {
  AttentionOnly,
  type AttentionOnlyConfig,
  ConvolutionalLanguageModel,
  Gemma,
  GPT2,
  type LanguageModel,
  Llama,
  RecurrentLanguageModel,
} from '#dist/models/index.js';

export const sizes = { vocabulary: 7, context: 6, layers: 2, heads: 2, width: 8 };

/** Every kind of model with attention, small, with numbers that matter. */
export const smallModels: Readonly<Record<string, () => LanguageModel>> = {
  gpt2: () => enlarged(new GPT2(sizes)),
  llama: () => enlarged(new Llama({ ...sizes, kvHeads: 1, attentionBias: 'all' })),
  'llama with windows': () => enlarged(new Llama({ ...sizes, window: 2, windowed: [true, false], tied: true })),
  gemma2: () => enlarged(new Gemma({ ...sizes, hidden: 12, postNorms: true, scoreCap: 3, logitCap: 5, window: 3 })),
  'attention-only': () => smallAttentionOnly(),
};

/** Every kind of model that carries a state, likewise. */
export const statefulModels: Readonly<Record<string, () => LanguageModel>> = {
  rnn: () => enlarged(new RecurrentLanguageModel({ ...sizes, cell: 'rnn', hidden: 5 })),
  gru: () => enlarged(new RecurrentLanguageModel({ ...sizes, cell: 'gru' })),
  lstm: () => enlarged(new RecurrentLanguageModel({ ...sizes, cell: 'lstm', bias: false })),
  tcn: () => enlarged(new ConvolutionalLanguageModel({ ...sizes, kernel: 2 })),
};

export function smallAttentionOnly(config: Partial<AttentionOnlyConfig> = {}): AttentionOnly {
  return enlarged(new AttentionOnly({ ...sizes, ...config }));
}

/** Gives every parameter normal numbers of about a half: initial values are too small for anything to depend on anything. */
function enlarged<M extends LanguageModel>(model: M): M {
  for (const [name, p] of model.parameters()) {
    const key = randomKey(1, name);
    const data = Float32Array.from(
      { length: p.value.data.length },
      (_, i) => 0.5 * normal(key, i) + (name.endsWith('norm.weight') ? 1 : 0),
    );
    p.value = new HostArray(data, p.shape, 'float32');
  }
  return model;
}
