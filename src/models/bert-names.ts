import type { BertFamily } from './bert.js';
import type { EncoderHead } from './encoder-head.js';

/** One line of a name table; a linear layer's weight is stored [out,in], ours [in,out]. */
interface Rule {
  readonly hf: string;
  readonly ours: string;
  readonly transpose?: boolean;
}

/** Weight, turned round, and bias of a linear layer. */
const linear = (hf: string, ours: string): Rule[] => [
  { hf: `${hf}.weight`, ours: `${ours}.weight`, transpose: true },
  { hf: `${hf}.bias`, ours: `${ours}.bias` },
];

/** Scale and shift of a norm; files of the first years call them gamma and beta. */
const norm = (hf: string, ours: string): Rule[] => [
  { hf: `${hf}.weight`, ours: `${ours}.weight` },
  { hf: `${hf}.bias`, ours: `${ours}.bias` },
  { hf: `${hf}.gamma`, ours: `${ours}.weight` },
  { hf: `${hf}.beta`, ours: `${ours}.bias` },
];

const table = (hf: string, ours: string): Rule => ({ hf: `${hf}.weight`, ours: `${ours}.weight` });

/** Embeddings and layers, which BERT and RoBERTa name alike. */
const body = (prefix: string): Rule[] => [
  table(`${prefix}embeddings.word_embeddings`, 'tokens'),
  table(`${prefix}embeddings.position_embeddings`, 'positions'),
  table(`${prefix}embeddings.token_type_embeddings`, 'types'),
  ...norm(`${prefix}embeddings.LayerNorm`, 'embedNorm'),
  ...['query', 'key', 'value'].flatMap((part) =>
    linear(`${prefix}encoder.layer.{i}.attention.self.${part}`, `blocks.{i}.attention.${part}`),
  ),
  ...linear(`${prefix}encoder.layer.{i}.attention.output.dense`, 'blocks.{i}.attention.output'),
  ...norm(`${prefix}encoder.layer.{i}.attention.output.LayerNorm`, 'blocks.{i}.norm1'),
  ...linear(`${prefix}encoder.layer.{i}.intermediate.dense`, 'blocks.{i}.mlp.up'),
  ...linear(`${prefix}encoder.layer.{i}.output.dense`, 'blocks.{i}.mlp.down'),
  ...norm(`${prefix}encoder.layer.{i}.output.LayerNorm`, 'blocks.{i}.norm2'),
  ...linear(`${prefix}pooler.dense`, 'pooler.dense'),
];

const distilbertBody: Rule[] = [
  table('distilbert.embeddings.word_embeddings', 'tokens'),
  table('distilbert.embeddings.position_embeddings', 'positions'),
  ...norm('distilbert.embeddings.LayerNorm', 'embedNorm'),
  ...Object.entries({ q_lin: 'query', k_lin: 'key', v_lin: 'value', out_lin: 'output' }).flatMap(([hf, ours]) =>
    linear(`distilbert.transformer.layer.{i}.attention.${hf}`, `blocks.{i}.attention.${ours}`),
  ),
  ...norm('distilbert.transformer.layer.{i}.sa_layer_norm', 'blocks.{i}.norm1'),
  ...linear('distilbert.transformer.layer.{i}.ffn.lin1', 'blocks.{i}.mlp.up'),
  ...linear('distilbert.transformer.layer.{i}.ffn.lin2', 'blocks.{i}.mlp.down'),
  ...norm('distilbert.transformer.layer.{i}.output_layer_norm', 'blocks.{i}.norm2'),
];

type Heads = Readonly<Record<EncoderHead['kind'], readonly Rule[]>>;

/** Heads that all three name alike. */
const common = { none: [], token: linear('classifier', 'head.output'), question: linear('qa_outputs', 'head.output') };

const heads: Readonly<Record<BertFamily, Heads>> = {
  bert: {
    ...common,
    sequence: linear('classifier', 'head.output'),
    maskedLanguage: [
      ...linear('cls.predictions.transform.dense', 'head.dense'),
      ...norm('cls.predictions.transform.LayerNorm', 'head.norm'),
      table('cls.predictions.decoder', 'head.decoder'),
      { hf: 'cls.predictions.bias', ours: 'head.bias' },
      { hf: 'cls.predictions.decoder.bias', ours: 'head.bias' },
    ],
  },
  roberta: {
    ...common,
    sequence: [...linear('classifier.dense', 'head.dense'), ...linear('classifier.out_proj', 'head.output')],
    maskedLanguage: [
      ...linear('lm_head.dense', 'head.dense'),
      ...norm('lm_head.layer_norm', 'head.norm'),
      table('lm_head.decoder', 'head.decoder'),
      { hf: 'lm_head.bias', ours: 'head.bias' },
      { hf: 'lm_head.decoder.bias', ours: 'head.bias' },
    ],
  },
  distilbert: {
    ...common,
    sequence: [...linear('pre_classifier', 'head.dense'), ...linear('classifier', 'head.output')],
    maskedLanguage: [
      ...linear('vocab_transform', 'head.dense'),
      ...norm('vocab_layer_norm', 'head.norm'),
      table('vocab_projector', 'head.decoder'),
      { hf: 'vocab_projector.bias', ours: 'head.bias' },
    ],
  },
};

/** Hugging Face's names of an encoder's parameters, with its head's. Files of the bare model leave the prefix `FAMILY.` out. */
export function encoderNames(family: BertFamily, head: EncoderHead['kind']): readonly Rule[] {
  return [...(family === 'distilbert' ? distilbertBody : body(`${family}.`)), ...heads[family][head]];
}

/** Tensors of any encoder's file that its model may do without: buffers of older files, heads of other tasks, the pooler. */
export const encoderExtras = [
  ...['*embeddings.position_ids', '*embeddings.token_type_ids', '*pooler.dense.*', 'cls.*', 'lm_head.*', 'classifier.*'],
  ...['qa_outputs.*', 'vocab_transform.*', 'vocab_layer_norm.*', 'vocab_projector.*', 'pre_classifier.*'],
];
