const same = (name: string): { readonly hf: string; readonly ours: string } => ({ hf: name, ours: name });

/** Names of a recurrent model's parameters in a file: ours, as no published layout of it exists. */
export const recurrentNames = [
  'encoder.tokens.weight',
  ...['forward', 'backward'].flatMap((direction) =>
    ['input', 'hidden', 'inputBias', 'hiddenBias'].map((part) => `encoder.recurrent.layers.{i}.${direction}.${part}`),
  ),
  'head.weight',
].map(same);

/** Of a convolutional model's, likewise. */
export const convolutionalNames = [
  'encoder.tokens.weight',
  ...['first', 'second'].flatMap((conv) => ['weight', 'gain', 'bias'].map((part) => `encoder.blocks.{i}.${conv}.${part}`)),
  'head.weight',
].map(same);
