import { fail } from '../../core/index.js';
import type { RotaryScaling } from '../../position/index.js';
import { type Config, type JsonObject, requireInteger, requireNumber } from '../config.js';

/** What a config says of rotary positions. */
export interface RotarySettings {
  readonly base: number;
  readonly scaling: RotaryScaling | undefined;
}

const kinds = ['default', 'linear', 'dynamic', 'llama3', 'yarn'];
const positive = { min: Number.MIN_VALUE, max: 1e12 };

/**
 * Reads `rope_theta` and `rope_scaling` (its kind under `rope_type` or, in older files, `type`), or `rope_parameters`,
 * where newer files hold both.
 * @throws checkpoint: a field of another form; unsupported: a scaling we do not have, or a rotation of parts of heads
 */
export function readRotary(config: Config, context: number): RotarySettings {
  const together = objectOf(config, 'rope_parameters');
  const scaling = together ?? objectOf(config, 'rope_scaling');
  const base = requireNumber(together === undefined ? config : within(config, together), 'rope_theta', { ...positive, fallback: 10000 });
  const part = requireNumber(together === undefined ? config : within(config, together), 'partial_rotary_factor', { fallback: 1 });
  if (part !== 1) {
    throw fail('unsupported', {
      where: config.path,
      rule: 'rotary positions of whole heads, "partial_rotary_factor" 1',
      got: String(part),
      fix: 'This variant is not supported',
    });
  }
  if (scaling === undefined) return { base, scaling: undefined };
  const inner = within(config, scaling);
  const kind = scaling.rope_type ?? scaling.type ?? 'default';
  if (typeof kind !== 'string' || !kinds.includes(kind)) {
    throw fail('unsupported', {
      where: config.path,
      rule: `a "rope_type" among ${kinds.join(', ')}`,
      got: JSON.stringify(kind) ?? 'none',
      fix: 'Other scalings of rotary positions are not supported',
    });
  }
  if (kind === 'default') return { base, scaling: undefined };
  const factor = requireNumber(inner, 'factor', positive);
  if (kind === 'linear') return { base, scaling: { kind, factor } };
  const originalContext = requireInteger(inner, 'original_max_position_embeddings', { fallback: context });
  if (kind === 'dynamic') {
    if (originalContext >= context) return { base, scaling: { kind, factor } };
    throw fail('unsupported', {
      where: config.path,
      rule: 'dynamic rotary scaling beyond the context only: within it, angles would depend on the length of a text',
      got: `an original context of ${originalContext} of ${context} tokens`,
      fix: `Set "max_position_embeddings" to ${originalContext}, for texts up to there`,
    });
  }
  if (kind === 'llama3') {
    const lowFrequencyFactor = requireNumber(inner, 'low_freq_factor', positive);
    const highFrequencyFactor = requireNumber(inner, 'high_freq_factor', { ...positive, min: lowFrequencyFactor + Number.EPSILON });
    return { base, scaling: { kind, factor, lowFrequencyFactor, highFrequencyFactor, originalContext } };
  }
  return {
    base,
    scaling: {
      kind: 'yarn',
      factor,
      originalContext,
      fastTurns: requireNumber(inner, 'beta_fast', { ...positive, fallback: 32 }),
      slowTurns: requireNumber(inner, 'beta_slow', { ...positive, fallback: 1 }),
      attentionFactor: requireNumber(inner, 'attention_factor', { ...positive, fallback: factor <= 1 ? 1 : 0.1 * Math.log(factor) + 1 }),
    },
  };
}

/** The same, written: in the form that every version of transformers reads. */
export function writeRotary({ base, scaling }: RotarySettings): JsonObject {
  return { rope_theta: base, rope_scaling: scaling === undefined ? null : writeScaling(scaling) };
}

function writeScaling(scaling: RotaryScaling): JsonObject {
  const both = { rope_type: scaling.kind, factor: scaling.factor };
  switch (scaling.kind) {
    case 'linear':
    case 'dynamic':
      return { ...both, type: scaling.kind };
    case 'llama3':
      return {
        ...both,
        low_freq_factor: scaling.lowFrequencyFactor,
        high_freq_factor: scaling.highFrequencyFactor,
        original_max_position_embeddings: scaling.originalContext,
      };
    case 'yarn':
      return {
        ...both,
        original_max_position_embeddings: scaling.originalContext,
        beta_fast: scaling.fastTurns,
        beta_slow: scaling.slowTurns,
        attention_factor: scaling.attentionFactor,
      };
  }
}

function objectOf(config: Config, key: string): JsonObject | undefined {
  const value = config.values[key] ?? undefined;
  if (value === undefined) return undefined;
  if (typeof value === 'object' && !Array.isArray(value)) return value as JsonObject;
  throw fail('checkpoint', { where: config.path, rule: `"${key}" is an object`, got: typeof value, fix: 'Correct the file' });
}

function within(config: Config, values: JsonObject): Config {
  return { path: config.path, values };
}
