import { fail, type HostArray } from '../core/index.js';
import { BatchNorm, type Module } from '../nn/index.js';
import { input, type Tensor, withTraining } from '../ops/index.js';
import { lowerProgram, Program, type ProgramOptions, sitesOf } from '../runtime/index.js';

/** Sums over batches of one norm's statistics, each weighted by its rows. */
interface Sums {
  readonly mean: Float64Array;
  /** Of the squares: their means add up, as variances do not. */
  readonly square: Float64Array;
  rows: number;
}

/**
 * Measures what batch norms use outside training: their inputs' mean and variance over data, with the weights as they are,
 * each batch normalised by its own statistics as in training ("precise BN": Wu and Johnson 2021, section 3). Over all
 * batches, μ = Σ n_b μ_b / Σ n_b and σ² = Σ n_b (σ_b² + μ_b²) / Σ n_b − μ². A pass of its own, after training or between
 * evaluations: the result depends on weights and data alone, not on how the run came there.
 * @param module holds the norms, whose `mean` and `variance` are set @param forward runs it
 * @param batches [B,…] each, of one shape but for a smaller last one, say
 * @throws value: no batch norm within, or no batch
 * @example await calibrate(net, (x) => net.forward(x), images)
 */
export async function calibrate(
  module: Module,
  forward: (x: Tensor) => Tensor,
  batches: Iterable<HostArray> | AsyncIterable<HostArray>,
  options: ProgramOptions = {},
): Promise<void> {
  const norms = batchNorms(module);
  if (norms.size === 0) throw fail('value', { where: 'calibrate', rule: 'a module with batch norms', got: 'none' });
  const sums = new Map<string, Sums>();
  const programs = new Map<string, Program>();
  try {
    let step = 0;
    for await (const batch of batches) {
      const key = String(batch.shape);
      const program = programs.get(key) ?? (await statisticsProgram(forward, batch, options));
      programs.set(key, program);
      const found = await program.run({ x: batch }, { seed: 0, step: step++ });
      for (const name of norms.keys()) add(sums, name, found, batch.shape[0] as number);
    }
  } finally {
    await Promise.all([...programs.values()].map((program) => program.dispose()));
  }
  for (const [name, norm] of norms) {
    const total = sums.get(name);
    if (total === undefined)
      throw fail('value', { where: 'calibrate', rule: 'at least one batch, which every norm sees', got: `none at "${name}"` });
    const mean = total.mean.map((v) => v / total.rows);
    (norm.mean.value.data as Float32Array).set(mean);
    (norm.variance.value.data as Float32Array).set(total.square.map((v, c) => Math.max(0, v / total.rows - (mean[c] as number) ** 2)));
  }
}

/** The norms of a module by their paths, which their sites begin with. */
function batchNorms(module: Module): Map<string, BatchNorm> {
  const found = new Map<string, BatchNorm>();
  for (const [name, { owner, field }] of module.parameters())
    if (owner instanceof BatchNorm && field === 'mean') found.set(name.slice(0, -'mean'.length), owner);
  return found;
}

async function statisticsProgram(forward: (x: Tensor) => Tensor, batch: HostArray, options: ProgramOptions): Promise<Program> {
  const x = input('x', batch.shape, batch.dtype);
  const sites = sitesOf([withTraining(true, () => forward(x))]);
  const chosen = [...sites].filter(([name]) => /(?:^|\.)batch_(?:mean|variance)$/.test(name));
  return Program.create(lowerProgram(Object.fromEntries(chosen), [{ name: 'x', spec: x }], options), options);
}

function add(sums: Map<string, Sums>, name: string, found: Readonly<Record<string, HostArray>>, rows: number): void {
  const [means, variances] = [found[`${name}batch_mean`], found[`${name}batch_variance`]];
  if (means === undefined || variances === undefined) return;
  const size = means.data.length;
  const total = sums.get(name) ?? { mean: new Float64Array(size), square: new Float64Array(size), rows: 0 };
  for (let c = 0; c < size; c++) {
    const mean = Number(means.data[c]);
    total.mean[c] = (total.mean[c] as number) + rows * mean;
    total.square[c] = (total.square[c] as number) + rows * (Number(variances.data[c]) + mean * mean);
  }
  total.rows += rows;
  sums.set(name, total);
}
