import { expect, test } from 'vitest';
import {
  architectureOf,
  type Config,
  checkReport,
  encoderArchitectureOf,
  encoderTypes,
  type JsonObject,
  type MatchReport,
  matchCheckpoint,
} from '#dist/checkpoints/index.js';
import {
  bertBaseUncased,
  type DecoderSizes,
  decoder,
  distilbertBaseUncased,
  gpt2,
  type Listing,
  miniLm,
  robertaBase,
} from './published-names.js';

/** How a listing fits the model that its config describes. */
function matchOf(values: JsonObject, listing: Listing): { report: MatchReport; parameters: number; names: string[] } {
  const shapes = new Map(listing);
  const file = {
    names: [...shapes.keys()],
    has: (name: string) => shapes.has(name),
    info: (name: string) => ({ dtype: 'F32', shape: shapes.get(name) ?? [], bytes: 0 }),
  };
  const config: Config = { path: 'config.json', values };
  const architecture = encoderTypes.includes(String(values.model_type))
    ? encoderArchitectureOf(config)
    : architectureOf(values.model_type, config.path);
  const { model, ignore, tied } = architecture.read(config, file);
  const expected = new Map([...model.parameters()].map(([name, p]) => [name, p.shape] as const));
  const report = matchCheckpoint({ expected, file, map: architecture.names, ignore, tied, optionalPrefix: architecture.optionalPrefix });
  return { report, parameters: model.parameterCount, names: file.names };
}

const base = { hidden_size: 768, num_hidden_layers: 12, num_attention_heads: 12, intermediate_size: 3072, hidden_act: 'gelu' };
const bert = {
  ...base,
  model_type: 'bert',
  architectures: ['BertForMaskedLM'],
  vocab_size: 30522,
  max_position_embeddings: 512,
  type_vocab_size: 2,
};
const roberta = {
  ...base,
  model_type: 'roberta',
  architectures: ['RobertaForMaskedLM'],
  vocab_size: 50265,
  max_position_embeddings: 514,
  type_vocab_size: 1,
  pad_token_id: 1,
};
const distil = {
  model_type: 'distilbert',
  architectures: ['DistilBertForMaskedLM'],
  vocab_size: 30522,
  max_position_embeddings: 512,
  n_layers: 6,
  n_heads: 12,
  dim: 768,
  hidden_dim: 3072,
};
const mini = { ...bert, architectures: ['BertModel'], hidden_size: 384, num_hidden_layers: 6, intermediate_size: 1536 };

const pooler = (prefix: string): string[] => ['weight', 'bias'].map((p) => `${prefix}pooler.dense.${p}`);

// The numbers of parameters are those that the models are known by: 110M, 125M, 67M and 22.7M, without heads passed over.
test.each<[string, JsonObject, () => Listing, string[], number]>([
  [
    'bert-base-uncased',
    bert,
    bertBaseUncased,
    [...pooler('bert.'), 'cls.predictions.decoder.weight', 'cls.seq_relationship.weight', 'cls.seq_relationship.bias'],
    109_514_298,
  ],
  ['roberta-base', roberta, robertaBase, [...pooler('roberta.'), 'roberta.embeddings.position_ids', 'lm_head.decoder.weight'], 124_697_433],
  ['distilbert-base-uncased', distil, distilbertBaseUncased, ['vocab_projector.weight'], 66_985_530],
  ['all-MiniLM-L6-v2', mini, miniLm, ['embeddings.position_ids'], 22_713_216],
])('%s: every tensor finds its place, and every parameter its tensor', (_, config, listing, ignored, parameters) => {
  const found = matchOf(config, listing());
  checkReport(found.report, 'model.safetensors');
  expect([...found.report.ignored].sort()).toEqual([...ignored].sort());
  expect(found.report.assign.size + ignored.length).toBe(found.names.length);
  expect(found.parameters).toBe(parameters);
});

const like = (s: DecoderSizes): JsonObject => ({
  vocab_size: s.vocabulary,
  num_hidden_layers: s.layers,
  hidden_size: s.width,
  intermediate_size: s.hidden,
  num_attention_heads: s.heads,
  num_key_value_heads: s.kvHeads,
  head_dim: s.headWidth,
  max_position_embeddings: 8192,
  tie_word_embeddings: s.tied ?? false,
});
const sizes: Readonly<Record<string, DecoderSizes>> = {
  llama: { vocabulary: 128256, layers: 16, width: 2048, hidden: 8192, heads: 32, kvHeads: 8, headWidth: 64, tied: true },
  mistral: { vocabulary: 32000, layers: 32, width: 4096, hidden: 14336, heads: 32, kvHeads: 8, headWidth: 128 },
  qwen2: { vocabulary: 151936, layers: 24, width: 896, hidden: 4864, heads: 14, kvHeads: 2, headWidth: 64, tied: true, own: 'biases' },
  qwen3: { vocabulary: 151936, layers: 28, width: 1024, hidden: 3072, heads: 16, kvHeads: 8, headWidth: 128, tied: true, own: 'headNorms' },
  gemma: { vocabulary: 256000, layers: 18, width: 2048, hidden: 16384, heads: 8, kvHeads: 1, headWidth: 256, tied: true },
  gemma2: { vocabulary: 256000, layers: 26, width: 2304, hidden: 9216, heads: 8, kvHeads: 4, headWidth: 256, tied: true, own: 'postNorms' },
};

// Llama-3.2-1B, Mistral-7B-v0.1, Qwen2-0.5B, Qwen3-0.6B, gemma-2b, gemma-2-2b, and the numbers they are known by.
test.each([
  ['llama', 1_235_814_400],
  ['mistral', 7_241_732_096],
  ['qwen2', 494_032_768],
  ['qwen3', 596_049_920],
  ['gemma', 2_506_172_416],
  ['gemma2', 2_614_341_888],
])('%s', (modelType, parameters) => {
  const size = sizes[modelType] as DecoderSizes;
  const found = matchOf({ model_type: modelType, ...like(size) }, decoder(size));
  checkReport(found.report, 'model.safetensors');
  expect(found.report.assign.size).toBe(found.names.length);
  expect(found.parameters).toBe(parameters);
});

test('gpt2', () => {
  const found = matchOf({ model_type: 'gpt2', vocab_size: 50257, n_positions: 1024, n_embd: 768, n_layer: 12, n_head: 12 }, gpt2());
  checkReport(found.report, 'model.safetensors');
  expect(found.report.ignored).toEqual(Array.from({ length: 12 }, (_, i) => `h.${i}.attn.bias`));
  expect(found.parameters).toBe(124_439_808);
});
