import { fail } from '../../core/index.js';

/** What a picture is drawn from. */
export interface AttentionData {
  /** The text of each token, as it reads: T of them. */
  readonly tokens: readonly string[];
  readonly layers: number;
  readonly heads: number;
  /** One per layer: [H,T,T] row-major: head, query, key. */
  readonly patterns: readonly Float32Array[];
  readonly title: string;
  /** A short description of the model. */
  readonly model: string;
  /** The site each layer's pattern was taken at, such as `blocks.0.attention.pattern`. */
  readonly sites: readonly string[];
}

export interface PictureOptions {
  /** The layer drawn large, from 0. */
  readonly layer?: number;
  /** The head drawn large, from 0. */
  readonly head?: number;
  readonly format?: 'html' | 'svg';
}

/** At most this many weights: 64 MiB of float32, 86 MiB of text. A page beyond it would not open in a browser. */
export const MAXIMUM_WEIGHTS = 2 ** 24;

const WHERE = 'attentionPicture';

/** Checks that data and options fit together; returns the options with their defaults filled in. */
export function checkAttention(data: AttentionData, options: PictureOptions): Required<PictureOptions> {
  const { layers, heads } = data;
  const length = data.tokens.length;
  for (const [name, count] of [
    ['layers', layers],
    ['heads', heads],
    ['tokens', length],
  ] as const) {
    if (!Number.isInteger(count) || count < 1)
      throw fail('value', { where: WHERE, rule: `${name} must be a whole number of at least 1`, got: String(count) });
  }
  const total = layers * heads * length * length;
  if (total > MAXIMUM_WEIGHTS)
    throw fail('value', {
      where: WHERE,
      rule: `one picture holds at most ${MAXIMUM_WEIGHTS} weights (layers × heads × tokens²)`,
      got: `${layers} × ${heads} × ${length}² = ${total}`,
      fix: 'Give a shorter text, or fewer layers',
    });
  for (const [name, list] of [
    ['patterns', data.patterns],
    ['sites', data.sites],
  ] as const) {
    if (list.length !== layers)
      throw fail('shape', { where: WHERE, rule: `${name} must hold one entry per layer, ${layers}`, got: String(list.length) });
  }
  data.patterns.forEach((pattern, layer) => {
    checkPattern(pattern, data, layer);
  });

  const format = options.format ?? 'html';
  if (format !== 'html' && format !== 'svg')
    throw fail('value', { where: WHERE, rule: "format must be 'html' or 'svg'", got: String(format) });
  return {
    format,
    layer: inRange('layer', options.layer ?? 0, layers),
    head: inRange('head', options.head ?? 0, heads),
  };
}

function checkPattern(pattern: Float32Array, data: AttentionData, layer: number): void {
  const length = data.tokens.length;
  const path = data.sites[layer] ?? `layer ${layer}`;
  const size = data.heads * length * length;
  if (pattern.length !== size)
    throw fail('shape', {
      where: WHERE,
      path,
      rule: `a pattern is [H=${data.heads},T=${length},T=${length}], ${size} weights`,
      got: `${pattern.length} weights`,
    });
  const bad = pattern.findIndex((weight) => !Number.isFinite(weight));
  if (bad >= 0) {
    const head = Math.floor(bad / (length * length));
    const query = Math.floor(bad / length) % length;
    throw fail('value', {
      where: WHERE,
      path,
      rule: 'every weight must be finite',
      got: `${pattern[bad]} at head ${head}, query ${query}, key ${bad % length}`,
      fix: 'Run the model with --check to find where it begins',
    });
  }
}

function inRange(name: 'layer' | 'head', value: number, count: number): number {
  if (Number.isInteger(value) && value >= 0 && value < count) return value;
  throw fail('value', { where: WHERE, rule: `${name} must be a whole number from 0 to ${count - 1}`, got: String(value) });
}
