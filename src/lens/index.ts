export type { Matrix } from './algebra/matrix.js';
export { type Captured, Lens, type LensOptions, lens, type Prompt, type Site } from './capture.js';
export { ImageLens, type ImageLensOptions, imageLens } from './image-lens.js';
export { type Axis, LabelledArray, type LabelledJson } from './labelled.js';
export * from './picture/index.js';
export { gradientReach, type ReachOptions } from './reach.js';
export * from './score/index.js';
export type { IdRows, LensModel, LensPrompt } from './trace.js';
export * from './weights/index.js';
