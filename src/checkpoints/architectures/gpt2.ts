import { fail } from '../../core/index.js';
import { GPT2, gpt2Buffers, gpt2Names, gpt2Prefix } from '../../models/index.js';
import { type ActivationName, activations } from '../../nn/index.js';
import { type Config, requireBoolean, requireInteger, requireNumber, requireString } from '../config.js';
import type { Architecture } from './architecture.js';

const positive = { min: 1, max: 1 << 24 };

/** Settings of Hugging Face's that change the numbers and that this model does not have. */
function refuseOtherScales(config: Config): void {
  const usual: Readonly<Record<string, boolean>> = {
    scale_attn_weights: true,
    scale_attn_by_inverse_layer_idx: false,
    add_cross_attention: false,
  };
  for (const [key, expected] of Object.entries(usual)) {
    if (requireBoolean(config, key, { fallback: expected }) !== expected) {
      throw fail('unsupported', {
        where: config.path,
        rule: `"${key}" is ${expected}`,
        got: String(!expected),
        fix: 'This variant of GPT-2 is not supported',
      });
    }
  }
}

export const gpt2Architecture: Architecture = {
  modelType: 'gpt2',
  published: true,
  names: gpt2Names,
  optionalPrefix: gpt2Prefix,

  read(config) {
    const inner = config.values.n_inner;
    refuseOtherScales(config);
    const rate = { min: 0, max: 0.999, fallback: 0.1 };
    const width = requireInteger(config, 'n_embd', positive);
    const tied = requireBoolean(config, 'tie_word_embeddings', { fallback: true });
    // Not a key of Hugging Face's: our files say it of models without biases, whose biases are stored as zeros.
    const bias = requireBoolean(config, 'bias', { fallback: true });
    const model = new GPT2({
      vocabulary: requireInteger(config, 'vocab_size', positive),
      context: requireInteger(config, 'n_positions', positive),
      layers: requireInteger(config, 'n_layer', { min: 1, max: 1000 }),
      heads: requireInteger(config, 'n_head', positive),
      width,
      hidden: inner === undefined || inner === null ? 4 * width : requireInteger(config, 'n_inner', positive),
      activation: requireString(config, 'activation_function', {
        fallback: 'gelu_new',
        oneOf: Object.keys(activations) as ActivationName[],
      }),
      epsilon: requireNumber(config, 'layer_norm_epsilon', { min: 0, max: 1, fallback: 1e-5 }),
      dropout: requireNumber(config, 'resid_pdrop', rate),
      tied,
      bias,
    });
    return { model, ignore: [...gpt2Buffers, ...(bias ? [] : ['*.bias'])], tied: tied ? { 'head.weight': 'tokens.weight' } : {} };
  },

  write(model) {
    if (!(model instanceof GPT2)) return undefined;
    const { vocabulary, context, layers, heads, width, hidden, activation, epsilon, dropout, tied, bias } = model.config;
    return {
      model_type: 'gpt2',
      architectures: ['GPT2LMHeadModel'],
      vocab_size: vocabulary,
      n_positions: context,
      n_ctx: context,
      n_embd: width,
      n_layer: layers,
      n_head: heads,
      n_inner: hidden === 4 * width ? null : hidden,
      activation_function: activation,
      layer_norm_epsilon: epsilon,
      attn_pdrop: dropout,
      embd_pdrop: dropout,
      resid_pdrop: dropout,
      tie_word_embeddings: tied,
      scale_attn_weights: true,
      use_cache: true,
      torch_dtype: 'float32',
      ...(bias ? {} : { bias }),
    };
  },

  complete(model) {
    if (!(model instanceof GPT2) || model.config.bias) return [];
    const { layers, width, hidden } = model.config;
    const bias = (name: string, size: number) => ({ name: `${name}.bias`, shape: [size], value: 0 });
    const blocks = Array.from({ length: layers }, (_, i) => `blocks.${i}`).flatMap((b) => [
      bias(`${b}.norm1`, width),
      bias(`${b}.attention.qkv`, 3 * width),
      bias(`${b}.attention.output`, width),
      bias(`${b}.norm2`, width),
      bias(`${b}.mlp.up`, hidden),
      bias(`${b}.mlp.down`, width),
    ]);
    return [...blocks, bias('norm', width)];
  },
};
