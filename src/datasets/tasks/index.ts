export * from './options.js';
export * from './parse.js';
export * from './registry.js';
export * from './task.js';
