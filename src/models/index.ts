export { type AttentionMasks, attentionMasks, masksByLayer } from './attention-masks.js';
export { AttentionOnly, type AttentionOnlyConfig } from './attention-only.js';
export { attentionOnlyNames } from './attention-only-names.js';
export { Bert, type BertConfig, type BertFamily, type EncoderInputs } from './bert.js';
export { encoderExtras, encoderNames } from './bert-names.js';
export * from './blocks/index.js';
export {
  type ConvolutionalConfig,
  ConvolutionalEncoder,
  ConvolutionalLanguageModel,
} from './convolutional.js';
export { layerCount, layerOf } from './depth.js';
export { type EncoderHead, MaskedLanguageHead, Pooler, SequenceHead, TokenHead } from './encoder-head.js';
export { EncoderLanguageModel, type StatefulEncoder } from './encoder-language-model.js';
export { EncoderRows } from './encoder-rows.js';
export { Gemma, type GemmaConfig } from './gemma.js';
export { gemma2Names, gemmaNames } from './gemma-names.js';
export { GPT2, type GPT2Config } from './gpt2.js';
export { gpt2Buffers, gpt2Names, gpt2Prefix } from './gpt2-names.js';
export { ImageRows, type PixelScale } from './image-rows.js';
export type { Advanced, GivenArray, LanguageModel, TokenModel } from './language-model.js';
export { gatedHidden, Llama, type LlamaConfig } from './llama.js';
export { llamaBuffers, llamaNames, llamaPrefix } from './llama-names.js';
export type { AttentionComputation } from './long-attention.js';
export { type RecurrentConfig, RecurrentEncoder, RecurrentLanguageModel } from './recurrent.js';
export { convolutionalNames, recurrentNames } from './recurrent-names.js';
export { type ModelBuilder, type ModelSettings, modelBuilder, modelBuilders, settingsOf, sizesOf } from './registry.js';
export { SequenceClassifier, type SequenceClassifierOptions, type TokenEncoder } from './sequence-classifier.js';
export { decoderMask, type SequenceState } from './sequence-state.js';
export type { SequenceToSequence } from './sequence-to-sequence.js';
export { Transformer, type TransformerConfig, type TransformerInputs } from './transformer.js';
export { transformerNames } from './transformer-names.js';
export { ViT, type ViTConfig, type ViTHead } from './vit.js';
export { deitNames, deitPrefix, vitNames, vitPrefix } from './vit-names.js';
export { withDropout } from './with-dropout.js';
