export { AttentionOnly, type AttentionOnlyConfig } from './attention-only.js';
export { attentionOnlyNames } from './attention-only-names.js';
export { layerCount, layerOf } from './depth.js';
export { GPT2, type GPT2Config } from './gpt2.js';
export { gpt2Buffers, gpt2Names, gpt2Prefix } from './gpt2-names.js';
export type { LanguageModel } from './language-model.js';
export { type ModelBuilder, type ModelSettings, modelBuilder, modelBuilders, settingsOf } from './registry.js';
export { decoderMask, type SequenceState } from './sequence-state.js';
