import { Llama, type LlamaConfig, llamaBuffers, llamaNames, llamaPrefix } from '../../models/index.js';
import { type Config, type JsonObject, requireBoolean, requireInteger } from '../config.js';
import type { Architecture } from './architecture.js';
import { readShape, readWindows, writeShape, writeWindows } from './decoder-config.js';
import { readRotary, writeRotary } from './rotary-config.js';

type Complete = Llama['config'];

/** What is a member of the family's own: what its config says beyond the common keys, and which models it can hold. */
interface Member {
  readonly modelType: string;
  readonly className: string;
  read(config: Config, layers: number): Pick<LlamaConfig, 'attentionBias' | 'mlpBias' | 'headNorm' | 'window' | 'windowed'>;
  /** The member's own keys, or undefined for a model it cannot hold. */
  write(config: Complete): JsonObject | undefined;
}

const no = { fallback: false };

const members: readonly Member[] = [
  {
    modelType: 'llama',
    className: 'LlamaForCausalLM',
    read: (config) => ({
      attentionBias: requireBoolean(config, 'attention_bias', no) ? 'all' : 'none',
      mlpBias: requireBoolean(config, 'mlp_bias', no),
    }),
    write: ({ attentionBias, mlpBias, headNorm, window }) =>
      attentionBias === 'queryKeyValue' || headNorm || window !== undefined
        ? undefined
        : { attention_bias: attentionBias === 'all', mlp_bias: mlpBias },
  },
  {
    modelType: 'mistral',
    className: 'MistralForCausalLM',
    // Null is no window; a missing key is Mistral 7B's own.
    read: (config) =>
      config.values.sliding_window === null ? {} : { window: requireInteger(config, 'sliding_window', { fallback: 4096 }) },
    write: ({ attentionBias, mlpBias, headNorm, window, windowed }) =>
      attentionBias !== 'none' || mlpBias || headNorm || windowed.includes(false) ? undefined : { sliding_window: window },
  },
  {
    modelType: 'qwen2',
    className: 'Qwen2ForCausalLM',
    read: (config, layers) => ({ attentionBias: 'queryKeyValue', ...readWindows(config, layers) }),
    write: ({ attentionBias, mlpBias, headNorm, ...rest }) =>
      attentionBias !== 'queryKeyValue' || mlpBias || headNorm ? undefined : writeWindows(rest),
  },
  {
    modelType: 'qwen3',
    className: 'Qwen3ForCausalLM',
    read: (config, layers) => ({
      attentionBias: requireBoolean(config, 'attention_bias', no) ? 'all' : 'none',
      headNorm: true,
      ...readWindows(config, layers),
    }),
    write: ({ attentionBias, mlpBias, headNorm, ...rest }) =>
      attentionBias === 'queryKeyValue' || mlpBias || !headNorm
        ? undefined
        : { attention_bias: attentionBias === 'all', ...writeWindows(rest) },
  },
];

/** The Llama family: one model, one table of names, one config with a few keys of each member's own. */
export const llamaArchitectures: readonly Architecture[] = members.map((member) => ({
  modelType: member.modelType,
  published: true,
  names: llamaNames,
  optionalPrefix: llamaPrefix,

  read(config) {
    const shape = readShape(config, { activation: 'silu' });
    const tied = requireBoolean(config, 'tie_word_embeddings', no);
    const rotary = readRotary(config, shape.context);
    const model = new Llama({ ...shape, ...rotary, tied, ...member.read(config, shape.layers) });
    return { model, ignore: llamaBuffers, tied: tied ? { 'head.weight': 'tokens.weight' } : {} };
  },

  write(model) {
    if (!(model instanceof Llama)) return undefined;
    const own = member.write(model.config);
    if (own === undefined) return undefined;
    return {
      model_type: member.modelType,
      architectures: [member.className],
      ...writeShape(model.config),
      ...writeRotary(model.config),
      tie_word_embeddings: model.config.tied,
      ...own,
      use_cache: true,
      torch_dtype: 'float32',
    };
  },

  complete: () => [],
}));
