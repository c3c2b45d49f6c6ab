import type { FormDeclaration } from '../../nn/index.js';
import { causalForm } from './causal.js';
import { combineForms } from './combine.js';
import { dilatedForm } from './dilated.js';
import { documentsForms } from './documents.js';
import { fromPositionsForms } from './from-positions.js';
import { globalTokensForm } from './global-tokens.js';
import { paddingForms } from './padding.js';
import { prefixForm } from './prefix.js';
import { slidingWindowForm } from './sliding-window.js';
import { sparseTransformerForms } from './sparse-transformer.js';
import { gridWindowForms } from './swin.js';

export { causal, causalMask } from './causal.js';
export { and, not, or, perHead } from './combine.js';
export { dilated } from './dilated.js';
export { documentMask, sameDocument } from './documents.js';
export { fromPositions, fromTable } from './from-positions.js';
export { globalTokens } from './global-tokens.js';
export { padding, withinLengths } from './padding.js';
export { prefix } from './prefix.js';
export { pastWindowMask, slidingWindow, windowMask } from './sliding-window.js';
export { fixed, fixedFar, fixedLocal, strided, stridedFar, stridedLocal } from './sparse-transformer.js';
export { type GridWindowOptions, gridWindows, shiftedWindows } from './swin.js';

/** Every mask, in the order of docs/attention.md. */
export const maskForms: readonly FormDeclaration[] = [
  causalForm,
  ...paddingForms,
  prefixForm,
  ...documentsForms,
  slidingWindowForm,
  dilatedForm,
  ...sparseTransformerForms,
  globalTokensForm,
  ...gridWindowForms,
  ...fromPositionsForms,
  ...combineForms,
];
