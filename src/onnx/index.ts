export { checkModel } from './check.js';
export { decodeModel } from './decode.js';
export { encodeModel } from './encode.js';
export * from './model.js';
