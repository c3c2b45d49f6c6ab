import type { FormDeclaration } from '../../nn/index.js';
import { additiveForm } from './additive.js';
import { bilinearForm } from './bilinear.js';
import { cosineForm } from './cosine.js';
import { dotProductForms } from './dot-product.js';
import { gaussianForm } from './gaussian.js';
import { kernelForms } from './kernel.js';
import { musicTransformerForm } from './music-transformer.js';
import { positionOnlyForm } from './position-only.js';
import { shawForm } from './shaw.js';
import { softCappedForm } from './soft-capped.js';
import { transformerXlForm } from './transformer-xl.js';

export { AdditiveScore, type AdditiveScoreOptions } from './additive.js';
export { BilinearScore, type BilinearScoreOptions } from './bilinear.js';
export { CosineScore, type CosineScoreOptions } from './cosine.js';
export { type DotProductOptions, dotProductScore, scaledDotProductScore } from './dot-product.js';
export { type GaussianScoreOptions, gaussianScore } from './gaussian.js';
export { exponentialKernel, type Kernel, kernelScore } from './kernel.js';
export { MusicTransformerScore, type MusicTransformerScoreOptions } from './music-transformer.js';
export { PositionOnlyScore } from './position-only.js';
export { type RelativeTableOptions, ShawScore } from './shaw.js';
export { softCapped } from './soft-capped.js';
export { TransformerXlScore, type TransformerXlScoreOptions } from './transformer-xl.js';

/** Every score, in the order of docs/attention.md. */
export const scoreForms: readonly FormDeclaration[] = [
  ...dotProductForms,
  softCappedForm,
  additiveForm,
  bilinearForm,
  cosineForm,
  gaussianForm,
  ...kernelForms,
  shawForm,
  musicTransformerForm,
  transformerXlForm,
  positionOnlyForm,
];
