export { BatchNorm } from './batch-norm.js';
export { Conv, type ConvLayerOptions } from './conv.js';
export { ConvTranspose, type ConvTransposeLayerOptions } from './conv-transpose.js';
export { Inception, type InceptionOptions } from './inception.js';
export type { Padding } from './padding.js';
export { TemporalBlock, type TemporalBlockOptions, type TemporalResult } from './temporal-block.js';
