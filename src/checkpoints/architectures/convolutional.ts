import { ConvolutionalLanguageModel, convolutionalNames } from '../../models/index.js';
import { requireBoolean, requireInteger, requireNumber } from '../config.js';
import type { Architecture } from './architecture.js';

const modelType = 'headlight_convolutional';
const positive = { min: 1, max: 1 << 24 };

/** Convolutional language models have no published layout: keys are as GPT-2's where they mean the same, names are ours. */
export const convolutionalArchitecture: Architecture = {
  modelType,
  published: false,
  names: convolutionalNames,
  optionalPrefix: '',

  read(config) {
    const model = new ConvolutionalLanguageModel({
      vocabulary: requireInteger(config, 'vocab_size', positive),
      context: requireInteger(config, 'n_positions', positive),
      // Dilations double: more layers would reach over more tokens than there are numbers for.
      layers: requireInteger(config, 'n_layer', { min: 1, max: 24 }),
      width: requireInteger(config, 'n_embd', positive),
      kernel: requireInteger(config, 'kernel_size', { min: 2, max: 1024, fallback: 3 }),
      dropout: requireNumber(config, 'dropout', { min: 0, max: 0.999, fallback: 0 }),
      bias: requireBoolean(config, 'bias', { fallback: true }),
      weightNorm: requireBoolean(config, 'weight_norm', { fallback: true }),
      tied: requireBoolean(config, 'tie_word_embeddings', { fallback: false }),
    });
    return { model, ignore: [], tied: {} };
  },

  write(model) {
    if (!(model instanceof ConvolutionalLanguageModel)) return undefined;
    const { vocabulary, context, layers, width, kernel, dropout, bias, weightNorm, tied } = model.config;
    return {
      model_type: modelType,
      vocab_size: vocabulary,
      n_positions: context,
      n_embd: width,
      n_layer: layers,
      kernel_size: kernel,
      dropout,
      bias,
      weight_norm: weightNorm,
      tie_word_embeddings: tied,
      torch_dtype: 'float32',
    };
  },

  complete: () => [],
};
