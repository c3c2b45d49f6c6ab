import { availableParallelism } from 'node:os';
import { fail } from '../../../core/index.js';
import type { TokenBatch } from '../../../datasets/index.js';
import { DeviceRunner } from '../../../train/device/runner.js';
import { adamW, applyGroups, parameterShapes, type StepOwner, StepRunner } from '../../../train/index.js';
import { traceLanes } from '../../../train/lanes.js';
import { type Machine, machine } from '../machine.node.js';
import { type Summary, summarize } from '../statistics.js';
import { storyBatches } from '../step-batches.js';
import { modelOf, type SizeName, type StepShape, stepCases, workOf } from '../step-shape.js';
import { type Adapter, adapterOf } from './adapter.node.js';
import { bestDeviceProduct, type DeviceProduct } from './best-product.js';
import { type GradientDifference, gradientDifference, gradientTolerance } from './gradient-difference.js';

/** As in the comparison with PyTorch: training amplifies rounding. */
const calmRate = 1e-4;

export interface DeviceStepOptions {
  /** S and L by default. */
  readonly sizes?: readonly SizeName[];
  /** Steps whose losses are compared with the CPU's, and timed but for the first, which compiles; 4 by default. */
  readonly steps?: number;
  /** The CPU's threads; the machine's cores by default. */
  readonly threads?: number;
  readonly onProgress?: (what: string) => void;
}

export interface DeviceSize {
  readonly size: SizeName;
  readonly shape: StepShape;
  readonly parameters: number;
  readonly gradients: GradientDifference;
  /** Largest |device − CPU| / |CPU| of the losses. */
  readonly losses: { readonly steps: number; readonly relative: number };
  /** Milliseconds: the device's set-up and first step, its steps, the CPU's. */
  readonly first: number;
  readonly ms: Summary;
  readonly cpu: Summary;
  readonly tokensPerSecond: number;
  readonly gflops: number;
  readonly shareOfBest: number;
}

export interface DeviceStepResult {
  readonly bench: 'device-step';
  readonly date: string;
  readonly machine: Machine;
  readonly adapter: Adapter;
  readonly best: DeviceProduct;
  readonly sizes: readonly DeviceSize[];
}

/**
 * `headlight bench step --device webgpu`: the training step on WebGPU against the same step on the CPU, from equal weights
 * over equal batches. Every node of its programs, the optimiser's among them, must run on the device, or the engine
 * refuses them; gradients must be the CPU's, or nothing is timed. Tokens/s stand beside the share of the device's best
 * product, measured in the same run.
 *
 * @throws engine: no adapter, or a node that the device cannot run; numeric: gradients or losses that are not the CPU's
 */
export async function deviceStepBench(options: DeviceStepOptions = {}): Promise<DeviceStepResult> {
  const { sizes = ['S', 'L'], steps = 4, threads = availableParallelism(), onProgress = () => {} } = options;
  onProgress('the best product');
  const before = await bestDeviceProduct();
  const measured: Omit<DeviceSize, 'shareOfBest'>[] = [];
  for (const size of sizes) measured.push(await measure(size, { steps, threads, note: (text) => onProgress(`${size}: ${text}`) }));
  onProgress('the best product again');
  const after = await bestDeviceProduct();
  const best = after.gflops > before.gflops ? after : before;
  return {
    bench: 'device-step',
    date: new Date().toISOString(),
    machine: machine(),
    adapter: adapterOf(),
    best,
    sizes: measured.map((m) => ({ ...m, shareOfBest: m.gflops / best.gflops })),
  };
}

async function measure(
  size: SizeName,
  { steps, threads, note }: { readonly steps: number; readonly threads: number; readonly note: (text: string) => void },
): Promise<Omit<DeviceSize, 'shareOfBest'>> {
  const { shape } = stepCases[size];
  const batches = storyBatches(shape);
  const run = async (device: 'cpu' | 'webgpu') => {
    const begun = performance.now();
    const owner = await ownerOf(shape, device, threads);
    try {
      const { gradients } = await owner.gradients({ step: 0, draw: 0, factor: 1, batches: [batches(0)] });
      note(`gradients on ${device}`);
      const block = await stepsOf(owner, batches, steps + 1, () => performance.now() - begun);
      note(`${steps + 1} steps on ${device}`);
      return { gradients, ...block };
    } finally {
      await owner.dispose();
    }
  };
  const cpu = await run('cpu');
  const device = await run('webgpu');
  const gradients = gradientDifference(cpu.gradients, device.gradients);
  const relative = Math.max(...cpu.losses.map((loss, i) => Math.abs((device.losses[i] as number) - loss) / loss));
  for (const [what, apart] of [
    [`gradients (${gradients.parameter})`, gradients.largest],
    ['losses', relative],
  ] as const) {
    if (!(apart <= gradientTolerance)) {
      throw fail('numeric', {
        where: `bench step ${size}, webgpu`,
        rule: `${what} within ${gradientTolerance} of the CPU's`,
        got: String(apart),
      });
    }
  }
  const ms = summarize(device.ms);
  return {
    size,
    shape,
    parameters: modelOf(shape, 'gelu_new').parameterCount,
    gradients,
    losses: { steps: cpu.losses.length, relative },
    first: device.first,
    ms,
    cpu: summarize(cpu.ms),
    tokensPerSecond: (1000 * shape.batch * shape.context) / ms.median,
    gflops: workOf(shape) / ms.median / 1e6,
  };
}

async function ownerOf(shape: StepShape, device: 'cpu' | 'webgpu', threads: number): Promise<StepOwner> {
  const owner = device === 'cpu' ? new StepRunner() : new DeviceRunner({ wholly: true });
  const model = modelOf(shape, 'gelu_new');
  const step = { shape: { rows: shape.batch, length: shape.context }, whole: device === 'webgpu' };
  await owner.setup({
    ...traceLanes(model, step, { device, threads }),
    parameters: applyGroups(parameterShapes(model)),
    values: Object.fromEntries([...model.parameters()].map(([name, p]) => [name, Float32Array.from(p.value.data as Float32Array)])),
    optimizer: adamW({ lr: calmRate }),
    optimizerPrograms: [],
    clip: 1,
    accumulate: 1,
    average: 0,
    seed: 1,
  });
  return owner;
}

/** Losses of some steps, and the times of all but the first. */
async function stepsOf(owner: StepOwner, batches: (index: number) => TokenBatch, count: number, since: () => number) {
  const [losses, ms]: [number[], number[]] = [[], []];
  let first = 0;
  for (let step = 0; step < count; step++) {
    const report = await owner.step({ step, draw: step, factor: 1, batches: [batches(step)] });
    losses.push(report.loss);
    if (step === 0) first = since();
    else ms.push(report.milliseconds);
  }
  return { losses, ms, first };
}
