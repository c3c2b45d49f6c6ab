export * from './config.js';
export * from './float16.js';
export * from './match.js';
export * from './name-map.js';
export * from './safetensors.js';
export type { SafetensorsHeader, TensorInfo } from './safetensors-header.js';
export * from './safetensors-write.js';
export * from './transpose.js';
