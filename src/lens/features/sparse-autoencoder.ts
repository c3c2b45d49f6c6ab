import { readSafetensors, writeSafetensors } from '../../checkpoints/index.js';
import { fail, HostArray, normal, randomKey } from '../../core/index.js';
import { cast, greaterEqual, linear, relu, stopGradient, type Tensor, topK } from '../../ops/index.js';

export interface SparseAutoencoderConfig {
  /** The site whose values it takes apart. */
  readonly site: string;
  /** C, of a value. */
  readonly width: number;
  /** How many features, F. */
  readonly features: number;
  /** What keeps few of them active: a cost of λ Σ f, or that only the k largest are let through. */
  readonly sparsity: { readonly kind: 'l1'; readonly cost: number } | { readonly kind: 'topk'; readonly k: number };
  /** What values are divided by: of a mean norm of √C then. 1 by default. */
  readonly scale?: number;
}

/** The parameters, as arrays that training changes in place. */
export interface SparseAutoencoderWeights {
  /** W_e, [C,F] */
  readonly encoder: HostArray;
  /** b_e, [F] */
  readonly encoderBias: HostArray;
  /** W_d, [F,C]; its rows are of norm 1: the directions of the features. */
  readonly decoder: HostArray;
  /** b_d, [C], taken away before, added after. */
  readonly bias: HostArray;
}

/**
 * A sparse autoencoder (Bricken et al. 2023, "Towards Monosemanticity"; with `topk`, Gao et al. 2024, eq. 1): values x of a site as sums
 * of few directions: f = relu((x − b_d) W_e + b_e), x̂ = f W_d + b_d.
 */
export class SparseAutoencoder {
  /** @throws value: sizes that are not whole numbers from 1, more active features than there are, a cost below 0 */
  constructor(
    readonly config: SparseAutoencoderConfig,
    readonly weights: SparseAutoencoderWeights,
  ) {
    checkConfig(config);
  }

  /** Random directions, each feature's encoder its decoder (Bricken et al. 2023; Gao et al. 2024, section 2.3). */
  static create(config: SparseAutoencoderConfig, seed = 0): SparseAutoencoder {
    checkConfig(config);
    const { width, features } = config;
    const decoder = new Float32Array(features * width);
    const key = randomKey(seed, 'sparse-autoencoder');
    for (let i = 0; i < decoder.length; i++) decoder[i] = normal(key, i);
    unitRows(decoder, width);
    const encoder = Float32Array.from(
      { length: decoder.length },
      (_, i) => decoder[(i % features) * width + Math.floor(i / features)] as number,
    );
    return new SparseAutoencoder(config, {
      encoder: new HostArray(encoder, [width, features], 'float32'),
      encoderBias: new HostArray(new Float32Array(features), [features], 'float32'),
      decoder: new HostArray(decoder, [features, width], 'float32'),
      bias: new HostArray(new Float32Array(width), [width], 'float32'),
    });
  }

  /** Writes it to a .safetensors file, its settings among the metadata. */
  async save(path: string): Promise<void> {
    await writeSafetensors(path, { ...this.weights }, { kind: 'headlight sparse autoencoder', config: JSON.stringify(this.config) });
  }

  /** @throws file, checkpoint: a file that is not what `save` wrote */
  static async load(path: string): Promise<SparseAutoencoder> {
    const file = await readSafetensors(path);
    try {
      if (file.metadata.kind !== 'headlight sparse autoencoder')
        throw fail('checkpoint', { where: path, rule: 'a sparse autoencoder', got: 'another file' });
      const config = readConfig(path, file.metadata.config ?? '');
      const { width, features } = config;
      const shapes = { encoder: [width, features], encoderBias: [features], decoder: [features, width], bias: [width] };
      const arrays: Record<string, HostArray> = {};
      for (const [name, shape] of Object.entries(shapes)) {
        const array = await file.load(name);
        if (String(array.shape) !== String(shape) || array.dtype !== 'float32')
          throw fail('checkpoint', { where: path, path: name, rule: `[${shape}] float32`, got: `[${array.shape}] ${array.dtype}` });
        arrays[name] = array;
      }
      return new SparseAutoencoder(config, arrays as unknown as SparseAutoencoderWeights);
    } finally {
      await file.close();
    }
  }
}

/** The features of values. @param x [N,C], divided by the scale @returns [N,F], not below 0 */
export function encode(
  x: Tensor,
  weights: Readonly<Record<keyof SparseAutoencoderWeights, Tensor>>,
  config: SparseAutoencoderConfig,
): Tensor {
  const before = linear(x.sub(weights.bias), weights.encoder, { bias: weights.encoderBias });
  const active = relu(before);
  if (config.sparsity.kind === 'l1') return active;
  const [largest] = topK(before, config.sparsity.k);
  const threshold = largest.slice([null, [config.sparsity.k - 1, config.sparsity.k]]);
  return active.mul(stopGradient(cast(greaterEqual(before, threshold), 'float32')));
}

/** x̂ of features. @param f [N,F] @returns [N,C] */
export function decode(f: Tensor, { decoder, bias }: Readonly<Record<'decoder' | 'bias', Tensor>>): Tensor {
  return linear(f, decoder, { bias });
}

/** Makes each row of [F,C] of length 1; a row of zeros stays. */
export function unitRows(rows: Float32Array, width: number): void {
  for (let at = 0; at < rows.length; at += width) {
    let square = 0;
    for (let j = at; j < at + width; j++) square += (rows[j] as number) ** 2;
    const norm = Math.sqrt(square);
    if (norm > 0) for (let j = at; j < at + width; j++) rows[j] = (rows[j] as number) / norm;
  }
}

function checkConfig({ width, features, sparsity, scale = 1 }: SparseAutoencoderConfig): void {
  const refuse = (where: string, rule: string, got: unknown): Error =>
    fail('value', { where: `sparse autoencoder ${where}`, rule, got: String(got) });
  for (const [name, n] of [['width', width] as const, ['features', features] as const]) {
    if (!Number.isInteger(n) || n < 1) throw refuse(name, 'a whole number from 1', n);
  }
  if (!(scale > 0)) throw refuse('scale', 'a number above 0', scale);
  if (sparsity.kind === 'topk' && !(Number.isInteger(sparsity.k) && sparsity.k >= 1 && sparsity.k <= features))
    throw refuse('k', `from 1 to ${features}, the features there are`, sparsity.k);
  if (sparsity.kind === 'l1' && !(sparsity.cost >= 0)) throw refuse('cost', 'a number from 0', sparsity.cost);
}

function readConfig(path: string, text: string): SparseAutoencoderConfig {
  try {
    const config = JSON.parse(text) as SparseAutoencoderConfig;
    if (typeof config.site === 'string' && ['l1', 'topk'].includes(config.sparsity.kind)) {
      checkConfig(config);
      return config;
    }
  } catch (cause) {
    throw fail('checkpoint', { where: path, rule: 'the settings of a sparse autoencoder', got: 'others', cause });
  }
  throw fail('checkpoint', { where: path, rule: 'the settings of a sparse autoencoder', got: text.slice(0, 80) });
}
