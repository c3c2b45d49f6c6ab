import { fail } from '../../core/index.js';
import { type ActivationName, activations } from '../../nn/index.js';
import { type Config, type JsonObject, requireBoolean, requireInteger, requireNumber, requireString } from '../config.js';

/** Sizes and numbers that the configs of Llama, Gemma and their kin name alike. */
export interface DecoderShape {
  readonly vocabulary: number;
  readonly context: number;
  readonly layers: number;
  readonly heads: number;
  readonly kvHeads: number;
  readonly headWidth: number;
  readonly width: number;
  readonly hidden: number;
  readonly activation: ActivationName;
  readonly epsilon: number;
  readonly dropout: number;
}

const positive = { min: 1, max: 1 << 24 };

/**
 * The common keys.
 * @param fallback where a config is silent: its activation, and its head width, else width/heads
 * @throws checkpoint: a field of another form
 */
export function readShape(config: Config, fallback: { activation: ActivationName; headWidth?: number; context?: number }): DecoderShape {
  const width = requireInteger(config, 'hidden_size', positive);
  const heads = requireInteger(config, 'num_attention_heads', positive);
  const kvHeads = requireInteger(config, 'num_key_value_heads', { ...positive, fallback: heads });
  // Whether sizes fit together is for the model to say: at which of its modules they do not.
  const usual = fallback.headWidth ?? width / heads;
  const headWidth = config.values.head_dim == null ? usual : requireInteger(config, 'head_dim', positive);
  return {
    vocabulary: requireInteger(config, 'vocab_size', positive),
    context: requireInteger(config, 'max_position_embeddings', { ...positive, ...(fallback.context && { fallback: fallback.context }) }),
    layers: requireInteger(config, 'num_hidden_layers', { min: 1, max: 1000 }),
    heads,
    kvHeads,
    headWidth,
    width,
    hidden: requireInteger(config, 'intermediate_size', positive),
    activation: requireString(config, 'hidden_act', {
      fallback: fallback.activation,
      oneOf: Object.keys(activations) as ActivationName[],
    }),
    epsilon: requireNumber(config, 'rms_norm_eps', { min: 0, max: 1, fallback: 1e-6 }),
    dropout: requireNumber(config, 'attention_dropout', { min: 0, max: 0.999, fallback: 0 }),
  };
}

/** The same, written. */
export function writeShape(shape: DecoderShape): JsonObject {
  return {
    vocab_size: shape.vocabulary,
    max_position_embeddings: shape.context,
    hidden_size: shape.width,
    intermediate_size: shape.hidden,
    num_hidden_layers: shape.layers,
    num_attention_heads: shape.heads,
    num_key_value_heads: shape.kvHeads,
    head_dim: shape.headWidth,
    hidden_act: shape.activation,
    rms_norm_eps: shape.epsilon,
    attention_dropout: shape.dropout,
  };
}

/** The window of a model, and which layers have it. */
export interface Windows {
  readonly window: number | undefined;
  readonly windowed: readonly boolean[];
}

const [windowedLayer, fullLayer] = ['sliding_attention', 'full_attention'];

/** `layer_types`, one word per layer; undefined where a config has none. @throws checkpoint: another form */
export function readLayerTypes(config: Config, layers: number): readonly boolean[] | undefined {
  const types = config.values.layer_types ?? undefined;
  if (types === undefined) return undefined;
  if (!Array.isArray(types) || types.length !== layers || !types.every((t) => t === windowedLayer || t === fullLayer)) {
    throw fail('checkpoint', {
      where: config.path,
      rule: `"layer_types" says ${windowedLayer} or ${fullLayer} of each of ${layers} layers`,
      got: Array.isArray(types) ? `a list of ${types.length}` : typeof types,
      fix: 'Correct the file',
    });
  }
  return types.map((t) => t === windowedLayer);
}

/** Qwen's windows: off unless `use_sliding_window`, then in the layers from `max_window_layers` on, or as `layer_types` says. */
export function readWindows(config: Config, layers: number): Partial<Windows> {
  if (!requireBoolean(config, 'use_sliding_window', { fallback: false })) return {};
  const first = requireInteger(config, 'max_window_layers', { min: 0, fallback: 28 });
  return {
    window: requireInteger(config, 'sliding_window', { fallback: 4096 }),
    windowed: readLayerTypes(config, layers) ?? Array.from({ length: layers }, (_, i) => i >= first),
  };
}

/** The same, written. */
export function writeWindows({ window, windowed }: Windows): JsonObject {
  if (window === undefined) return { use_sliding_window: false, sliding_window: null };
  const first = windowed.indexOf(true);
  return {
    use_sliding_window: true,
    sliding_window: window,
    max_window_layers: first < 0 ? windowed.length : first,
    layer_types: writeLayerTypes(windowed),
  };
}

export function writeLayerTypes(windowed: readonly boolean[]): (string | undefined)[] {
  return windowed.map((is) => (is ? windowedLayer : fullLayer));
}
