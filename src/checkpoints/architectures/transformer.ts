import { Transformer, transformerNames } from '../../models/index.js';
import { type ActivationName, activations } from '../../nn/index.js';
import { requireBoolean, requireInteger, requireNumber, requireString } from '../config.js';
import type { Architecture } from './architecture.js';

const positive = { min: 1, max: 1 << 24 };
const activationNames = Object.keys(activations) as ActivationName[];
const layers = { min: 1, max: 1000 };

/**
 * The encoder–decoder of Vaswani et al. 2017 has no published layout of its own: keys are as BART's where they mean the same,
 * names are ours. Encoder and decoder blocks are of one size.
 */
export const transformerArchitecture: Architecture<Transformer> = {
  modelType: 'headlight_transformer',
  published: false,
  names: transformerNames,
  optionalPrefix: '',

  read(config) {
    const vocabulary = requireInteger(config, 'vocab_size', positive);
    const heads = requireInteger(config, 'encoder_attention_heads', positive);
    const width = requireInteger(config, 'd_model', positive);
    const encoderLayers = requireInteger(config, 'encoder_layers', layers);
    const model = new Transformer({
      sourceVocabulary: requireInteger(config, 'source_vocab_size', { ...positive, fallback: vocabulary }),
      targetVocabulary: vocabulary,
      layers: encoderLayers,
      decoderLayers: requireInteger(config, 'decoder_layers', { ...layers, fallback: encoderLayers }),
      width,
      heads,
      kvHeads: requireInteger(config, 'num_key_value_heads', { ...positive, fallback: heads }),
      hidden: requireInteger(config, 'encoder_ffn_dim', { ...positive, fallback: 4 * width }),
      activation: requireString<ActivationName>(config, 'activation_function', { fallback: 'relu', oneOf: activationNames }),
      norm: requireString<'pre' | 'post'>(config, 'norm', { fallback: 'post', oneOf: ['pre', 'post'] }),
      finalNorm: requireBoolean(config, 'add_final_layer_norm', { fallback: false }),
      epsilon: requireNumber(config, 'layer_norm_eps', { min: 0, max: 1, fallback: 1e-5 }),
      bias: requireBoolean(config, 'bias', { fallback: true }),
      dropout: requireNumber(config, 'dropout', { min: 0, max: 0.999, fallback: 0 }),
      dropPath: requireNumber(config, 'drop_path', { min: 0, max: 0.999, fallback: 0 }),
      tied: requireBoolean(config, 'tie_word_embeddings', { fallback: true }),
      shared: requireBoolean(config, 'share_embeddings', { fallback: false }),
    });
    return { model, ignore: [], tied: {} };
  },

  write({ config }) {
    const { sourceVocabulary, targetVocabulary, width, heads, kvHeads = heads, hidden = 4 * width, norm = 'post' } = config;
    const { decoderLayers = config.layers, finalNorm = norm === 'pre', activation = 'relu', epsilon = 1e-5, bias = true } = config;
    const { dropout = 0, dropPath = 0, tied = true, shared = false } = config;
    return {
      model_type: 'headlight_transformer',
      is_encoder_decoder: true,
      vocab_size: targetVocabulary,
      source_vocab_size: sourceVocabulary,
      d_model: width,
      encoder_layers: config.layers,
      decoder_layers: decoderLayers,
      encoder_attention_heads: heads,
      decoder_attention_heads: heads,
      num_key_value_heads: kvHeads,
      encoder_ffn_dim: hidden,
      decoder_ffn_dim: hidden,
      activation_function: activation,
      norm,
      add_final_layer_norm: finalNorm,
      layer_norm_eps: epsilon,
      bias,
      dropout,
      drop_path: dropPath,
      tie_word_embeddings: tied,
      share_embeddings: shared,
      torch_dtype: 'float32',
    };
  },

  complete: () => [],
};
