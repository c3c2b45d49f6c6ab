export * from './core/index.js';
export { grad, gradients, valueAndGrad } from './grad/index.js';
export * as ops from './ops/index.js';
export { Tensor, type TensorLike } from './ops/index.js';
export { type Compiled, type CompileOptions, compile, memory } from './runtime/index.js';
