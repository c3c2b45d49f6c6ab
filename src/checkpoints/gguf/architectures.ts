import { fail } from '../../core/index.js';
import { type Config, type JsonObject, requireInteger, requireNumber } from '../config.js';
import { quote } from '../quote.js';
import { float, type MetadataEntry, uint } from './entries.js';
import { type GgufRule, gpt2GgufNames, llamaGgufNames, qwen2GgufNames, qwen3GgufNames } from './names.js';

/** What ties an architecture of GGUF to a `model_type` of Hugging Face's. */
export interface GgufArchitecture {
  /** `general.architecture`, and the prefix of its keys. */
  readonly name: string;
  /** The first is what files of this architecture are read as. */
  readonly modelTypes: readonly string[];
  readonly names: readonly GgufRule[];
  /** A prefix that Hugging Face's names may lack. */
  readonly optionalPrefix: string;
  /** @param values the file's metadata, one by one @param has whether the file has a tensor */
  readConfig(values: Config, has: (tensor: string) => boolean): JsonObject;
  writeMetadata(config: Config): MetadataEntry[];
}

const positive = { min: 1, max: 1 << 24 };
const theta = { min: 1, max: 1e12 };

const classOf: Readonly<Record<string, string>> = {
  llama: 'LlamaForCausalLM',
  qwen2: 'Qwen2ForCausalLM',
  qwen3: 'Qwen3ForCausalLM',
};

/** Llama and what followed it: the same keys under their own prefixes. */
function llamaLike(name: string, modelTypes: readonly string[], names: readonly GgufRule[], usualTheta: number): GgufArchitecture {
  return {
    name,
    modelTypes,
    names,
    optionalPrefix: 'model.',
    readConfig(values, has) {
      const integer = (key: string, fallback?: number): number =>
        requireInteger(values, `${name}.${key}`, fallback === undefined ? positive : { ...positive, fallback });
      const width = integer('embedding_length');
      const heads = integer('attention.head_count');
      const headWidth = integer('attention.key_length', integer('rope.dimension_count', Math.max(1, Math.floor(width / heads))));
      return {
        model_type: name,
        architectures: [classOf[name]],
        hidden_size: width,
        intermediate_size: integer('feed_forward_length'),
        num_hidden_layers: requireInteger(values, `${name}.block_count`, { min: 1, max: 1000 }),
        num_attention_heads: heads,
        num_key_value_heads: integer('attention.head_count_kv', heads),
        head_dim: headWidth,
        max_position_embeddings: integer('context_length'),
        rms_norm_eps: requireNumber(values, `${name}.attention.layer_norm_rms_epsilon`, { min: 0, max: 1 }),
        rope_theta: requireNumber(values, `${name}.rope.freq_base`, { ...theta, fallback: 10000 }),
        ...linearScaling(values, name),
        hidden_act: 'silu',
        tie_word_embeddings: !has('output.weight'),
        attention_bias: has('blk.0.attn_q.bias'),
        mlp_bias: false,
      };
    },
    writeMetadata(config) {
      refuseWindow(config);
      const width = requireInteger(config, 'hidden_size', positive);
      const heads = requireInteger(config, 'num_attention_heads', positive);
      const headWidth = requireInteger(config, 'head_dim', { ...positive, fallback: Math.max(1, Math.floor(width / heads)) });
      return [
        uint(`${name}.context_length`, requireInteger(config, 'max_position_embeddings', positive)),
        uint(`${name}.embedding_length`, width),
        uint(`${name}.block_count`, requireInteger(config, 'num_hidden_layers', { min: 1, max: 1000 })),
        uint(`${name}.feed_forward_length`, requireInteger(config, 'intermediate_size', positive)),
        uint(`${name}.attention.head_count`, heads),
        uint(`${name}.attention.head_count_kv`, requireInteger(config, 'num_key_value_heads', { ...positive, fallback: heads })),
        uint(`${name}.attention.key_length`, headWidth),
        uint(`${name}.attention.value_length`, headWidth),
        uint(`${name}.rope.dimension_count`, headWidth),
        float(`${name}.rope.freq_base`, thetaOf(config, usualTheta)),
        float(`${name}.attention.layer_norm_rms_epsilon`, requireNumber(config, 'rms_norm_eps', { min: 0, max: 1, fallback: 1e-6 })),
        ...scalingEntries(config, name),
      ];
    },
  };
}

/** θ, which newer configurations keep beside the scaling. */
export function thetaOf(config: Config, fallback = 10000): number {
  const inner = scalingOf(config);
  return requireNumber(config, 'rope_theta', { ...theta, fallback: typeof inner?.rope_theta === 'number' ? inner.rope_theta : fallback });
}

/** `rope_scaling`, or `rope_parameters` as newer configurations call it. */
export function scalingOf(config: Config): JsonObject | undefined {
  const { rope_scaling: older, rope_parameters: newer } = config.values;
  const found = older ?? newer;
  return typeof found === 'object' && found !== null && !Array.isArray(found) ? (found as JsonObject) : undefined;
}

export function scalingTypeOf(config: Config): string {
  const scaling = scalingOf(config);
  const type = scaling?.rope_type ?? scaling?.type ?? 'default';
  return typeof type === 'string' ? type : 'another value';
}

function linearScaling(values: Config, name: string): JsonObject {
  const type = values.values[`${name}.rope.scaling.type`] ?? 'none';
  if (type === 'none') return {};
  if (type !== 'linear') {
    throw fail('unsupported', { where: values.path, rule: `"${name}.rope.scaling.type" is none or linear`, got: quote(type) });
  }
  const factor = requireNumber(values, `${name}.rope.scaling.factor`, { min: 1, max: 1e6 });
  return { rope_scaling: { rope_type: 'linear', factor } };
}

function scalingEntries(config: Config, name: string): MetadataEntry[] {
  const type = scalingTypeOf(config);
  // Llama 3's stands in a tensor of its own.
  if (type === 'default' || type === 'llama3') return [];
  const factor = scalingOf(config)?.factor;
  if (type !== 'linear' || typeof factor !== 'number') {
    throw fail('unsupported', { where: config.path, rule: 'rotary scaling of type default, linear or llama3', got: quote(type) });
  }
  return [[`${name}.rope.scaling.type`, { type: 'string', value: 'linear' }], float(`${name}.rope.scaling.factor`, factor)];
}

/** llama.cpp's files of these architectures cannot say that attention looks back only so far. */
function refuseWindow(config: Config): void {
  const { sliding_window: window, use_sliding_window: used, max_position_embeddings: context } = config.values;
  if (typeof window !== 'number' || used === false || (typeof context === 'number' && window >= context)) return;
  throw fail('unsupported', {
    where: config.path,
    rule: 'attention over the whole context, for GGUF',
    got: `"sliding_window": ${window}`,
    fix: 'Set max_position_embeddings to the window, or less',
  });
}

const gpt2: GgufArchitecture = {
  name: 'gpt2',
  modelTypes: ['gpt2'],
  names: gpt2GgufNames,
  optionalPrefix: 'transformer.',
  readConfig: (values, has) => ({
    model_type: 'gpt2',
    architectures: ['GPT2LMHeadModel'],
    n_positions: requireInteger(values, 'gpt2.context_length', positive),
    n_ctx: requireInteger(values, 'gpt2.context_length', positive),
    n_embd: requireInteger(values, 'gpt2.embedding_length', positive),
    n_inner: requireInteger(values, 'gpt2.feed_forward_length', positive),
    n_layer: requireInteger(values, 'gpt2.block_count', { min: 1, max: 1000 }),
    n_head: requireInteger(values, 'gpt2.attention.head_count', positive),
    layer_norm_epsilon: requireNumber(values, 'gpt2.attention.layer_norm_epsilon', { min: 0, max: 1 }),
    activation_function: 'gelu_new',
    tie_word_embeddings: !has('output.weight'),
  }),
  writeMetadata(config) {
    const { activation_function: activation, n_inner: inner } = config.values;
    if (activation !== undefined && activation !== 'gelu_new') {
      throw fail('unsupported', { where: config.path, rule: 'GPT-2 with "gelu_new", for GGUF', got: quote(activation) });
    }
    const width = requireInteger(config, 'n_embd', positive);
    return [
      uint('gpt2.context_length', requireInteger(config, 'n_positions', positive)),
      uint('gpt2.embedding_length', width),
      uint('gpt2.feed_forward_length', typeof inner === 'number' ? requireInteger(config, 'n_inner', positive) : 4 * width),
      uint('gpt2.block_count', requireInteger(config, 'n_layer', { min: 1, max: 1000 })),
      uint('gpt2.attention.head_count', requireInteger(config, 'n_head', positive)),
      float('gpt2.attention.layer_norm_epsilon', requireNumber(config, 'layer_norm_epsilon', { min: 0, max: 1, fallback: 1e-5 })),
    ];
  },
};

const ggufArchitectures: readonly GgufArchitecture[] = [
  llamaLike('llama', ['llama', 'mistral'], llamaGgufNames, 10000),
  llamaLike('qwen2', ['qwen2'], qwen2GgufNames, 10000),
  llamaLike('qwen3', ['qwen3'], qwen3GgufNames, 10000),
  gpt2,
];

/** By `general.architecture`. @throws unsupported: one that is not known; the known are listed */
export function ggufArchitecture(name: unknown, where: string): GgufArchitecture {
  const found = ggufArchitectures.find((a) => a.name === name);
  if (found !== undefined) return found;
  const known = ggufArchitectures.map((a) => a.name).join(', ');
  throw fail('unsupported', { where, rule: `"general.architecture" among: ${known}`, got: name === undefined ? 'none' : quote(name) });
}

/** By `model_type`. @throws unsupported: one that GGUF files are not written for */
export function ggufArchitectureFor(modelType: unknown, where: string): GgufArchitecture {
  const found = ggufArchitectures.find((a) => a.modelTypes.some((type) => type === modelType));
  if (found !== undefined) return found;
  const known = ggufArchitectures.flatMap((a) => a.modelTypes).join(', ');
  throw fail('unsupported', { where, rule: `a "model_type" that GGUF is written for: ${known}`, got: quote(modelType ?? 'none') });
}
