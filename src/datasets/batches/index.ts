export * from './evaluation.js';
export * from './mixture.js';
export * from './permutation.js';
export * from './random.js';
export * from './text-data.js';
