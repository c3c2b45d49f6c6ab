/** Names of an attention-only model's parameters in a file: ours, as no published layout of it exists. */
export const attentionOnlyNames = [
  'tokens.weight',
  'positions.weight',
  'blocks.{i}.norm.weight',
  'blocks.{i}.norm.bias',
  'blocks.{i}.attention.qkv.weight',
  'blocks.{i}.attention.qkv.bias',
  'blocks.{i}.attention.output.weight',
  'blocks.{i}.attention.output.bias',
  'norm.weight',
  'norm.bias',
  'head.weight',
].map((name) => ({ hf: name, ours: name }));
