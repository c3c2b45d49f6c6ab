export { type Captured, Lens, type LensOptions, lens, type Prompt, type Site } from './capture.js';
export * from './picture/index.js';
