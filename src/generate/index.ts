export { type CachedModel, Decoder, type DecoderOptions } from './decoder.js';
export {
  type Generated,
  type GeneratedToken,
  type GenerateOptions,
  generate,
  generateAll,
  nextTokens,
  nextTokensOnnx,
} from './generate.js';
export { type Alternative, alternatives, logProbability } from './log-probability.js';
export type { NextTokens, NextTokensOptions } from './next-tokens.js';
export * from './processors/index.js';
export { type Candidates, candidates, probabilities, sample } from './sampling.js';
export type { SamplingOptions } from './sampling-options.js';
