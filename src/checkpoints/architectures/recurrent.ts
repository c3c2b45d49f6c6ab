import { RecurrentLanguageModel, recurrentNames } from '../../models/index.js';
import { requireBoolean, requireInteger, requireNumber, requireString } from '../config.js';
import type { Architecture } from './architecture.js';

const modelType = 'headlight_recurrent';
const positive = { min: 1, max: 1 << 24 };

/** Recurrent language models have no published layout: keys are as GPT-2's where they mean the same, names are ours. */
export const recurrentArchitecture: Architecture = {
  modelType,
  published: false,
  names: recurrentNames,
  optionalPrefix: '',

  read(config) {
    const width = requireInteger(config, 'n_embd', positive);
    const model = new RecurrentLanguageModel({
      cell: requireString(config, 'cell', { oneOf: ['rnn', 'gru', 'lstm'] }),
      vocabulary: requireInteger(config, 'vocab_size', positive),
      context: requireInteger(config, 'n_positions', positive),
      layers: requireInteger(config, 'n_layer', { min: 1, max: 1000 }),
      width,
      hidden: requireInteger(config, 'n_hidden', { ...positive, fallback: width }),
      bidirectional: requireBoolean(config, 'bidirectional', { fallback: false }),
      dropout: requireNumber(config, 'dropout', { min: 0, max: 0.999, fallback: 0 }),
      bias: requireBoolean(config, 'bias', { fallback: true }),
      tied: requireBoolean(config, 'tie_word_embeddings', { fallback: false }),
    });
    return { model, ignore: [], tied: {} };
  },

  write(model) {
    if (!(model instanceof RecurrentLanguageModel)) return undefined;
    const { cell, vocabulary, context, layers, width, hidden, bidirectional, dropout, bias, tied } = model.config;
    return {
      model_type: modelType,
      cell,
      vocab_size: vocabulary,
      n_positions: context,
      n_embd: width,
      n_hidden: hidden,
      n_layer: layers,
      bidirectional,
      dropout,
      bias,
      tie_word_embeddings: tied,
      torch_dtype: 'float32',
    };
  },

  complete: () => [],
};
