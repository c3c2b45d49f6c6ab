import type { FormDeclaration } from '../../nn/index.js';
import { entmax15Form } from './entmax.js';
import { hardForm } from './hard.js';
import { kernelNormaliserForm } from './kernel.js';
import { sigmoidForm } from './sigmoid.js';
import { sinkhornForm } from './sinkhorn.js';
import { sinkForms } from './sinks.js';
import { softmaxForm } from './softmax.js';
import { sparsemaxForm } from './sparsemax.js';

export { entmax15 } from './entmax.js';
export { hardNormaliser } from './hard.js';
export { kernelNormaliser } from './kernel.js';
export { type SigmoidNormaliserOptions, sigmoidNormaliser } from './sigmoid.js';
export { type SinkhornOptions, sinkhorn } from './sinkhorn.js';
export { SinkSoftmax, softmaxPlusOne } from './sinks.js';
export { type SoftmaxNormaliserOptions, softmaxNormaliser } from './softmax.js';
export { sparsemax } from './sparsemax.js';

/** Every normaliser, in the order of docs/attention.md. */
export const normaliserForms: readonly FormDeclaration[] = [
  softmaxForm,
  ...sinkForms,
  sparsemaxForm,
  entmax15Form,
  sinkhornForm,
  sigmoidForm,
  hardForm,
  kernelNormaliserForm,
];
