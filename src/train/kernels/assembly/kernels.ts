// SIMD kernels over a memory the host owns. AssemblyScript: compiled to WebAssembly by tools/build.mjs, not by tsc.
//
// Pointers are byte offsets, lengths count elements. Pointers aligned to 16 bytes are fastest; any length is right:
// what is left after the last full vector goes through a scalar loop of the same formula, so that the bits of an
// element do not depend on where it stands. Factors come as float64 and are rounded once, after what the host worked
// out of them.

export * from './adafactor.js';
export * from './adamw.js';
export * from './arrays.js';
export * from './lion.js';
export * from './momentum.js';
export * from './random-mask.js';
export * from './sgd.js';
export * from './sums.js';
