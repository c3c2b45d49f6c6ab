export {
  type Architecture,
  architectureOf,
  architectures,
  encoderArchitectureOf,
  encoderArchitectures,
  encoderTypes,
  imageArchitectures,
  transformerArchitecture,
} from './architectures/index.js';
export * from './config.js';
export { loadEncoder, loadEncoderFrom, saveEncoder } from './encoder-model.js';
export { endTokenIds } from './end-tokens.js';
export * from './float16.js';
export * from './gguf/index.js';
export * from './hub/index.js';
export { loadImageModel, loadImageModelFrom, saveImageModel } from './image-model.js';
export { openLlama2c } from './llama2c.js';
export type { LoadReport } from './load-report.js';
export type { LoadOptions } from './load-weights.js';
export * from './match.js';
export { loadFrom, loadModel, loadModelWithReport, saveModel, toHfCheckpoint } from './model.js';
export * from './name-map.js';
export { openCheckpoint } from './open.js';
export * from './safetensors.js';
export type { SafetensorsHeader, TensorInfo } from './safetensors-header.js';
export * from './safetensors-write.js';
export { type SamplingDefaults, samplingDefaults } from './sampling-defaults.js';
export { readShards } from './shards.js';
export type { CheckpointSource, StoredTensor, TensorSource, TokenizerFiles } from './source.js';
export {
  loadTranslationModel,
  loadTranslationModelFrom,
  saveTranslationModel,
  startTokenId,
  type TargetTokens,
} from './translation-model.js';
export * from './transpose.js';
