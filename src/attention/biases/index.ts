import type { FormDeclaration } from '../../nn/index.js';
import { alibiForm } from './alibi.js';
import { distanceBiasForms } from './distance-bias.js';
import { quadraticGridForm } from './quadratic-grid-bias.js';
import { t5BiasForm } from './t5-bias.js';

export { alibi, alibiSlopes } from './alibi.js';
export { distanceBias, LearnedDistanceBias, type LearnedDistanceBiasOptions } from './distance-bias.js';
export { QuadraticGridBias, type QuadraticGridBiasOptions } from './quadratic-grid-bias.js';
export { T5Bias, type T5BiasOptions, type T5BucketOptions, t5Bucket } from './t5-bias.js';

/** Every bias, in the order of docs/attention.md. */
export const biasForms: readonly FormDeclaration[] = [t5BiasForm, alibiForm, ...distanceBiasForms, quadraticGridForm];
