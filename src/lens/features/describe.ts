import { fail, HostArray } from '../../core/index.js';
import { input, type Tensor } from '../../ops/index.js';
import { lowerProgram, Program, type ProgramOptions } from '../../runtime/index.js';
import type { Activations } from './activations.js';
import { decode, encode, type SparseAutoencoder, type SparseAutoencoderWeights } from './sparse-autoencoder.js';

/** One place where a feature is active. */
export interface FeatureExample {
  readonly text: number;
  readonly position: number;
  /** The token there; −1 for patches. */
  readonly id: number;
  readonly activation: number;
}

/** One feature: how often it is active, and where most. */
export interface Feature {
  readonly index: number;
  /** The share of tokens it is active at. */
  readonly density: number;
  /** The places of its largest activations, largest first. */
  readonly examples: readonly FeatureExample[];
}

/** How well a dictionary takes values apart, and into what. */
export interface FeatureReport {
  /** 1 − Σ‖x − x̂‖² / Σ‖x − mean x‖². */
  readonly varianceExplained: number;
  /** How many features are active at a token, on average. */
  readonly l0: number;
  /** Features that are active nowhere. */
  readonly dead: readonly number[];
  /** The others, most often active first. */
  readonly features: readonly Feature[];
}

export interface FeatureOptions extends ProgramOptions {
  /** How many examples of each feature; 8 by default. */
  readonly examples?: number;
}

/** Looks at what the features of a dictionary are active at. @throws shape: values of another width */
export async function describeFeatures(
  model: SparseAutoencoder,
  activations: Activations,
  options: FeatureOptions = {},
): Promise<FeatureReport> {
  const { examples = 8, ...engine } = options;
  const [count, width] = activations.values.shape as [number, number];
  const { features, scale = 1 } = model.config;
  if (width !== model.config.width)
    throw fail('shape', { where: 'describeFeatures', rule: `values of width ${model.config.width}`, got: String(width) });
  const values = activations.values.data as Float32Array;
  const rows = Math.min(count, 1024);
  const program = await readProgram(model, rows, engine);
  const active = new Float64Array(features);
  const best: FeatureExample[][] = Array.from({ length: features }, () => []);
  let error = 0;
  try {
    for (let from = 0; from < count; from += rows) {
      const here = Math.min(rows, count - from);
      const x = new Float32Array(rows * width);
      for (let i = 0; i < here * width; i++) x[i] = (values[from * width + i] as number) / scale;
      const found = await program.run({ x: new HostArray(x, [rows, width], 'float32'), ...model.weights });
      const f = (found.f as HostArray).data as Float32Array;
      const errors = (found.errors as HostArray).data as Float32Array;
      for (let i = 0; i < here; i++) {
        error += (errors[i] as number) * scale * scale;
        for (let k = 0; k < features; k++) {
          const activation = f[i * features + k] as number;
          if (!(activation > 0)) continue;
          active[k] = (active[k] as number) + 1;
          keep(best[k] as FeatureExample[], exampleAt(activations, from + i, activation), examples);
        }
      }
    }
  } finally {
    await program.dispose();
  }
  const listed = Array.from(active, (n, index): Feature => ({ index, density: n / count, examples: best[index] as FeatureExample[] }));
  return {
    varianceExplained: 1 - error / varianceOf(values, width),
    l0: active.reduce((a, b) => a + b, 0) / count,
    dead: listed.filter(({ density }) => density === 0).map(({ index }) => index),
    features: listed.filter(({ density }) => density > 0).sort((a, b) => b.density - a.density),
  };
}

function readProgram({ weights, config }: SparseAutoencoder, rows: number, engine: ProgramOptions): Promise<Program> {
  const x = input('x', [rows, config.width]);
  const given = Object.entries(weights).map(([name, { shape }]) => ({ name, spec: input(name, shape) }));
  const tensors = Object.fromEntries(given.map(({ name, spec }) => [name, spec])) as Record<keyof SparseAutoencoderWeights, Tensor>;
  const f = encode(x, tensors, config);
  const error = x.sub(decode(f, tensors));
  return Program.create(lowerProgram({ f, errors: error.mul(error).sum({ axis: 1 }) }, [{ name: 'x', spec: x }, ...given], engine), engine);
}

function exampleAt({ texts, positions, ids }: Activations, row: number, activation: number): FeatureExample {
  return { text: texts[row] as number, position: positions[row] as number, id: ids[row] as number, activation };
}

/** Puts an example where it belongs among the largest. */
function keep(best: FeatureExample[], example: FeatureExample, most: number): void {
  if (best.length === most && example.activation <= (best.at(-1)?.activation ?? 0)) return;
  const place = best.findIndex(({ activation }) => activation < example.activation);
  best.splice(place < 0 ? best.length : place, 0, example);
  if (best.length > most) best.pop();
}

/** Σ ‖x − mean x‖² */
function varianceOf(values: Float32Array, width: number): number {
  const count = values.length / width;
  const means = new Float64Array(width);
  values.forEach((x, at) => {
    means[at % width] = (means[at % width] as number) + x / count;
  });
  return values.reduce((sum, x, at) => sum + (x - (means[at % width] as number)) ** 2, 0);
}
