export { MemoryTokens, sliceTokens } from './sequence.js';
export * from './tokenize.js';
