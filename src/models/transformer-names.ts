const projections = (module: string): string[] => ['query', 'key', 'value', 'output'].map((part) => `${module}.${part}`);

const blocks = [
  ...projections('encoder.blocks.{i}.attention'),
  ...projections('decoder.blocks.{i}.self_attention'),
  ...projections('decoder.blocks.{i}.cross_attention'),
  ...['encoder', 'decoder'].flatMap((side) => ['norm1', 'norm2', 'mlp.up', 'mlp.down'].map((part) => `${side}.blocks.{i}.${part}`)),
  'decoder.blocks.{i}.norm3',
  'encoder.norm',
  'decoder.norm',
];

/** Names of an encoder–decoder's parameters in a file: ours, as no published layout of it exists. */
export const transformerNames = [
  'source.tokens.weight',
  'target.tokens.weight',
  'head.weight',
  ...blocks.flatMap((part) => [`${part}.weight`, `${part}.bias`]),
].map((name) => ({ hf: name, ours: name }));
