/**
 * The letters of axes, the same in docstrings, errors and einsum strings.
 */
export const axes = {
  B: 'batch',
  T: 'query length',
  S: 'key and value length',
  H: 'heads',
  K: 'key and value heads',
  D: 'head width',
  C: 'model width',
  F: 'hidden width of the MLP',
  V: 'vocabulary',
  L: 'layers',
  P: 'patches, or past length of a cache',
  R: 'residues',
  A: 'alignment rows',
  Z: 'pair channels',
} as const;

export type AxisLetter = keyof typeof axes;
