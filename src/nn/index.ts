export { type ActivationName, activation, activations } from './activations.js';
export { Embedding } from './embedding.js';
export { GatedMlp, type GatedMlpOptions } from './gated-mlp.js';
export { filled, normal, ones, zeros } from './initializers.js';
export { LayerNorm } from './layer-norm.js';
export { Linear, type LinearOptions } from './linear.js';
export { Mlp, type MlpOptions } from './mlp.js';
export { Module } from './module.js';
export { RmsNorm } from './rms-norm.js';
