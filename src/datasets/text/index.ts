export * from './corpus.js';
export * from './joined.js';
export * from './pieces.js';
export * from './source.js';
export * from './utf8.js';
