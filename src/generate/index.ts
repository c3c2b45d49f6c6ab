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
export type { NextTokens, NextTokensOptions } from './next-tokens.js';
export { type Candidates, candidates, logProbability, probabilities, type SamplingOptions, sample } from './sampling.js';
