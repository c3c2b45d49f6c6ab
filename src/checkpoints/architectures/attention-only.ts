import { AttentionOnly, attentionOnlyNames } from '../../models/index.js';
import { requireBoolean, requireInteger, requireNumber } from '../config.js';
import type { Architecture } from './architecture.js';

const modelType = 'headlight_attention_only';
const positive = { min: 1, max: 1 << 24 };

/** Attention-only models have no published layout: keys are as GPT-2's where they mean the same, names are ours. */
export const attentionOnlyArchitecture: Architecture = {
  modelType,
  published: false,
  names: attentionOnlyNames,
  optionalPrefix: '',

  read(config) {
    const model = new AttentionOnly({
      vocabulary: requireInteger(config, 'vocab_size', positive),
      context: requireInteger(config, 'n_positions', positive),
      layers: requireInteger(config, 'n_layer', { min: 1, max: 1000 }),
      heads: requireInteger(config, 'n_head', positive),
      width: requireInteger(config, 'n_embd', positive),
      norm: requireBoolean(config, 'layer_norm', { fallback: true }),
      epsilon: requireNumber(config, 'layer_norm_epsilon', { min: 0, max: 1, fallback: 1e-5 }),
      dropout: requireNumber(config, 'resid_pdrop', { min: 0, max: 0.999, fallback: 0 }),
      bias: requireBoolean(config, 'bias', { fallback: true }),
    });
    return { model, ignore: [], tied: {} };
  },

  write(model) {
    if (!(model instanceof AttentionOnly)) return undefined;
    const { vocabulary, context, layers, heads, width, norm, epsilon, dropout, bias } = model.config;
    return {
      model_type: modelType,
      vocab_size: vocabulary,
      n_positions: context,
      n_embd: width,
      n_layer: layers,
      n_head: heads,
      layer_norm: norm,
      layer_norm_epsilon: epsilon,
      attn_pdrop: dropout,
      embd_pdrop: dropout,
      resid_pdrop: dropout,
      bias,
      tie_word_embeddings: false,
      use_cache: true,
      torch_dtype: 'float32',
    };
  },

  complete: () => [],
};
