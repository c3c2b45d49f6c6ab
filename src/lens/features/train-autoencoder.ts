import { below, fail, HostArray, randomKey } from '../../core/index.js';
import { gradients } from '../../grad/index.js';
import { input, type Tensor } from '../../ops/index.js';
import { lowerProgram, Program, type ProgramOptions } from '../../runtime/index.js';
import { Adam } from '../fit/adam.js';
import type { Activations } from './activations.js';
import {
  decode,
  encode,
  SparseAutoencoder,
  type SparseAutoencoderConfig,
  type SparseAutoencoderWeights,
  unitRows,
} from './sparse-autoencoder.js';

export interface AutoencoderTrainingOptions extends ProgramOptions {
  readonly site: string;
  /** How many features; 4 times the width by default. */
  readonly features?: number;
  readonly sparsity?: SparseAutoencoderConfig['sparsity'];
  readonly steps?: number;
  /** Rows of activations in a step. */
  readonly batch?: number;
  readonly lr?: number;
  readonly seed?: number;
  readonly onStep?: (step: number, loss: number) => void;
  readonly signal?: AbortSignal | undefined;
}

const names = ['encoder', 'encoderBias', 'decoder', 'bias'] as const;

/**
 * Trains a sparse autoencoder on a site's values by Adam: the least mean ‖x − x̂‖² + λ Σ f. After each step the decoder's rows are made
 * of length 1 again; before it, the part of their gradient along them is taken away (Bricken et al. 2023, appendix).
 * @throws value: settings that do not fit; numeric: a loss that is not finite
 */
export async function trainAutoencoder(activations: Activations, options: AutoencoderTrainingOptions): Promise<SparseAutoencoder> {
  const [count, width] = activations.values.shape as [number, number];
  const { site, features = 4 * width, sparsity = { kind: 'topk', k: Math.max(1, Math.min(8, features)) } } = options;
  const { steps = 1000, batch = 256, lr = 1e-3, seed = 0, onStep, signal, device, threads } = options;
  const engine: ProgramOptions = { ...(device && { device }), ...(threads !== undefined && { threads }) };
  const rows = Math.min(batch, count);
  const values = activations.values.data as Float32Array;
  const model = SparseAutoencoder.create({ site, width, features, sparsity, scale: scaleOf(values, width) }, seed);
  const { scale = 1 } = model.config;
  startBias(model.weights.bias.data as Float32Array, values, scale);
  const program = await stepProgram(model, rows, engine);
  const adam = new Adam({ lr });
  const x = new HostArray(new Float32Array(rows * width), [rows, width], 'float32');
  try {
    for (let step = 0; step < steps && !signal?.aborted; step++) {
      const key = randomKey(seed, 'sparse-autoencoder.batch', step);
      for (let i = 0; i < rows; i++) {
        const from = below(key, i, count) * width;
        for (let j = 0; j < width; j++) (x.data as Float32Array)[i * width + j] = (values[from + j] as number) / scale;
      }
      const found = await program.run({ x, ...model.weights });
      const loss = (found.loss as HostArray).item();
      if (!Number.isFinite(loss))
        throw fail('numeric', {
          where: 'sparse autoencoder',
          rule: 'a loss that is finite',
          got: `${loss} at step ${step}`,
          fix: 'Lower lr',
        });
      const decoder = model.weights.decoder.data as Float32Array;
      alongRemoved((found['decoder gradient'] as HostArray).data as Float32Array, decoder, width);
      // Steady for four fifths of the steps, then down to 0 in a line.
      const rate = Math.min(1, (5 * (steps - step)) / steps);
      adam.update(
        names.map(
          (name) => [model.weights[name].data as Float32Array, (found[`${name} gradient`] as HostArray).data as Float32Array] as const,
        ),
        rate,
      );
      unitRows(decoder, width);
      onStep?.(step, loss);
    }
    return model;
  } finally {
    await program.dispose();
  }
}

function stepProgram({ weights, config }: SparseAutoencoder, rows: number, engine: ProgramOptions): Promise<Program> {
  const x = input('x', [rows, config.width]);
  const given = names.map((name) => ({ name, spec: input(name, weights[name].shape) }));
  const tensors = Object.fromEntries(given.map(({ name, spec }) => [name, spec])) as Record<keyof SparseAutoencoderWeights, Tensor>;
  const f = encode(x, tensors, config);
  const error = x.sub(decode(f, tensors));
  const squares = error.mul(error).sum({ axis: 1 }).mean();
  const loss = config.sparsity.kind === 'l1' ? squares.add(f.sum({ axis: 1 }).mean().mul(config.sparsity.cost)) : squares;
  const found = gradients(
    loss,
    given.map(({ spec }) => spec),
  );
  const outputs: Record<string, Tensor> = { loss };
  names.forEach((name, i) => {
    outputs[`${name} gradient`] = found[i] as Tensor;
  });
  return Program.create(lowerProgram(outputs, [{ name: 'x', spec: x }, ...given], engine), engine);
}

/** What makes the mean norm of rows √C. */
function scaleOf(values: Float32Array, width: number): number {
  let sum = 0;
  for (let at = 0; at < values.length; at += width) {
    let square = 0;
    for (let j = at; j < at + width; j++) square += (values[j] as number) ** 2;
    sum += Math.sqrt(square);
  }
  const mean = sum / (values.length / width);
  return mean > 0 ? mean / Math.sqrt(width) : 1;
}

/** The decoder's bias starts at the mean. */
function startBias(bias: Float32Array, values: Float32Array, scale: number): void {
  const count = values.length / bias.length;
  values.forEach((x, at) => {
    const j = at % bias.length;
    bias[j] = (bias[j] as number) + x / scale / count;
  });
}

/** g − (g · d) d for each row d of length 1. */
function alongRemoved(gradient: Float32Array, rows: Float32Array, width: number): void {
  for (let at = 0; at < rows.length; at += width) {
    let along = 0;
    for (let j = at; j < at + width; j++) along += (gradient[j] as number) * (rows[j] as number);
    for (let j = at; j < at + width; j++) gradient[j] = (gradient[j] as number) - along * (rows[j] as number);
  }
}
