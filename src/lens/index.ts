export { type Captured, Lens, type LensOptions, lens, type Prompt, type Site } from './capture.js';
export { ImageLens, type ImageLensOptions, imageLens } from './image-lens.js';
export * from './picture/index.js';
export { gradientReach, type ReachOptions } from './reach.js';
