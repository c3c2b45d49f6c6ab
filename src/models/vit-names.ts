/** Names that ViT's and DeiT's files share, behind the name of the body. */
const body = [
  { hf: 'embeddings.cls_token', ours: 'classToken' },
  { hf: 'embeddings.position_embeddings', ours: 'positions.weight' },
  { hf: 'embeddings.patch_embeddings.projection.weight', ours: 'patches.weight' },
  { hf: 'embeddings.patch_embeddings.projection.bias', ours: 'patches.bias' },
  ...pair('encoder.layer.{i}.layernorm_before', 'blocks.{i}.norm1'),
  ...(['query', 'key', 'value'] as const).flatMap((part) =>
    linear(`encoder.layer.{i}.attention.attention.${part}`, `blocks.{i}.attention.${part}`),
  ),
  ...linear('encoder.layer.{i}.attention.output.dense', 'blocks.{i}.attention.output'),
  ...pair('encoder.layer.{i}.layernorm_after', 'blocks.{i}.norm2'),
  ...linear('encoder.layer.{i}.intermediate.dense', 'blocks.{i}.mlp.up'),
  ...linear('encoder.layer.{i}.output.dense', 'blocks.{i}.mlp.down'),
  ...pair('layernorm', 'norm'),
  ...linear('pooler.dense', 'pooler'),
];

/** Files of the bare model leave this out; both ways are read. */
export const vitPrefix = 'vit.';
export const deitPrefix = 'deit.';

/** Hugging Face's names of ViT's parameters (`ViTForImageClassification`, `ViTModel`). PyTorch's linear layers are [out,in], ours [in,out]. */
export const vitNames = [...body.map((rule) => ({ ...rule, hf: vitPrefix + rule.hf })), ...linear('classifier', 'head')];

/** The same of DeiT's with its one head (`DeiTForImageClassification`), or with two (`DeiTForImageClassificationWithTeacher`). */
export const deitNames = [
  ...body.map((rule) => ({ ...rule, hf: deitPrefix + rule.hf })),
  { hf: `${deitPrefix}embeddings.distillation_token`, ours: 'distillationToken' },
  ...linear('cls_classifier', 'classHead'),
  ...linear('classifier', 'head'),
  ...linear('distillation_classifier', 'distillationHead'),
];

function pair(hf: string, ours: string): { hf: string; ours: string; transpose?: boolean }[] {
  return ['weight', 'bias'].map((p) => ({ hf: `${hf}.${p}`, ours: `${ours}.${p}` }));
}

function linear(hf: string, ours: string): { hf: string; ours: string; transpose?: boolean }[] {
  return pair(hf, ours).map((rule) => (rule.hf.endsWith('.weight') ? { ...rule, transpose: true } : rule));
}
