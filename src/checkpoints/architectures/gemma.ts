import { fail } from '../../core/index.js';
import { Gemma, gemma2Names, gemmaNames, llamaBuffers, llamaPrefix } from '../../models/index.js';
import { type ActivationName, activations } from '../../nn/index.js';
import { type Config, type JsonObject, requireBoolean, requireInteger, requireNumber, requireString } from '../config.js';
import type { Architecture } from './architecture.js';
import { readLayerTypes, readShape, writeLayerTypes, writeShape } from './decoder-config.js';
import { readRotary, writeRotary } from './rotary-config.js';

const gelu = 'gelu_pytorch_tanh';

/** What both have: `head_dim` is 256 and the context 8192 where a config is silent; the head is always tied. */
function readCommon(config: Config) {
  for (const [key, expected] of Object.entries({ attention_bias: false, tie_word_embeddings: true })) {
    if (requireBoolean(config, key, { fallback: expected }) !== expected) {
      throw fail('unsupported', {
        where: config.path,
        rule: `"${key}" is ${expected}`,
        got: String(!expected),
        fix: 'This variant of Gemma is not supported',
      });
    }
  }
  const shape = readShape(config, { activation: gelu, headWidth: 256, context: 8192 });
  // Early files say `gelu` under `hidden_act` and mean its approximation; `hidden_activation`, where given, counts.
  const activation = requireString(config, 'hidden_activation', { fallback: gelu, oneOf: Object.keys(activations) as ActivationName[] });
  return { ...shape, ...readRotary(config, shape.context), activation };
}

function writeCommon(config: Gemma['config']): JsonObject {
  return {
    ...writeShape(config),
    hidden_activation: config.activation,
    ...writeRotary(config),
    attention_bias: false,
    tie_word_embeddings: true,
    use_cache: true,
    torch_dtype: 'float32',
  };
}

const reading = { ignore: [...llamaBuffers, 'lm_head.weight'], tied: {} };

export const gemmaArchitecture: Architecture = {
  modelType: 'gemma',
  published: true,
  names: gemmaNames,
  optionalPrefix: llamaPrefix,
  read: (config) => ({ model: new Gemma(readCommon(config)), ...reading }),
  write: (model) => {
    if (!(model instanceof Gemma)) return undefined;
    const { postNorms, scoreCap, logitCap, window, queryWidth, headWidth } = model.config;
    const isSecond = postNorms || scoreCap !== undefined || logitCap !== undefined || window !== undefined || queryWidth !== headWidth;
    return isSecond ? undefined : { model_type: 'gemma', architectures: ['GemmaForCausalLM'], ...writeCommon(model.config) };
  },
  complete: () => [],
};

/** A soft cap; null means none, a missing key Gemma 2's own. */
function readCap(config: Config, key: string, fallback: number): number | undefined {
  return config.values[key] === null ? undefined : requireNumber(config, key, { min: 1e-6, max: 1e6, fallback });
}

export const gemma2Architecture: Architecture = {
  modelType: 'gemma2',
  published: true,
  names: gemma2Names,
  optionalPrefix: llamaPrefix,
  read: (config) => {
    const common = readCommon(config);
    const windowed = readLayerTypes(config, common.layers);
    const model = new Gemma({
      ...common,
      postNorms: true,
      queryWidth: requireNumber(config, 'query_pre_attn_scalar', { min: 1e-6, max: 1e6, fallback: 256 }),
      scoreCap: readCap(config, 'attn_logit_softcapping', 50),
      logitCap: readCap(config, 'final_logit_softcapping', 30),
      window: config.values.sliding_window === null ? undefined : requireInteger(config, 'sliding_window', { fallback: 4096 }),
      ...(windowed && { windowed }),
    });
    return { model, ...reading };
  },
  write: (model) => {
    if (!(model instanceof Gemma) || !model.config.postNorms) return undefined;
    const { queryWidth, scoreCap, logitCap, window, windowed } = model.config;
    return {
      model_type: 'gemma2',
      architectures: ['Gemma2ForCausalLM'],
      ...writeCommon(model.config),
      query_pre_attn_scalar: queryWidth,
      attn_logit_softcapping: scoreCap ?? null,
      final_logit_softcapping: logitCap ?? null,
      sliding_window: window ?? null,
      layer_types: writeLayerTypes(windowed),
    };
  },
  complete: () => [],
};
