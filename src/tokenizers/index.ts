export * from './characters.js';
export * from './hugging-face.js';
export * from './load.js';
export * from './save.js';
export * from './tokenizer.js';
