export { type Captured, Lens, lens, type Site } from './capture.js';
export * from './picture/index.js';
