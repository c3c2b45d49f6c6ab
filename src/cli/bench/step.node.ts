import { rmSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { saveModel, writeSafetensors } from '../../checkpoints/index.js';
import { fail } from '../../core/index.js';
import { adamW } from '../../train/index.js';
import { BestProduct } from './best-product.js';
import { CoreDistance } from './core-distance.node.js';
import { LoadMeter } from './load.node.js';
import { machine } from './machine.node.js';
import { missingTime } from './missing-time.js';
import { onInterrupt } from './on-interrupt.node.js';
import { timeBaby } from './step-baby.js';
import { stackBatches, storyBatches } from './step-batches.js';
import { alternate, compareLosses, type Equality, type Timing } from './step-compare.js';
import { OurSide, type TrainingRules } from './step-ours.js';
import { profileStep } from './step-profile.node.js';
import { reportSteps } from './step-report.js';
import type { SizeResult, StepBenchResult } from './step-result.js';
import { modelOf, type SizeName, type StepCase, stepCases, workFormula, workOf } from './step-shape.js';
import { TorchSide } from './step-torch.node.js';

export type StepActivation = 'gelu_new' | 'gelu';

export interface StepBenchOptions {
  /** S and L by default. */
  readonly sizes?: readonly SizeName[];
  /** Timed steps per side and round; each size has its own default. */
  readonly steps?: number;
  /** Threads within an operator, on both sides; the machine's cores by default. */
  readonly threads?: number;
  readonly activation?: StepActivation;
  /** Steps whose losses are compared first; each size has its own default. */
  readonly losses?: number;
  /** Times the preset `baby` too, against L, both ours. */
  readonly baby?: boolean;
  /** Prints the result as one line of JSON, the last. */
  readonly json?: boolean;
  /** Where the table and the JSON go; standard output by default. */
  readonly out?: (text: string) => void;
  /** Hears what is being done; standard error by default. */
  readonly onProgress?: (what: string) => void;
}

/**
 * The learning rate of the comparison. Training amplifies rounding: at 1e-3 without warm-up, the losses of L part by
 * 1.2e-3 at step 35, though both sides compute the same. It changes no time.
 */
const calmRate = 1e-4;

/** Steps under the profiler. */
const profiledSteps = 10;

/**
 * `headlight bench step`: our training step against PyTorch's, from the same weights over the same batches. First the
 * losses of both are compared; only if they are equal are blocks of steps timed, in turn. Prints a table, with
 * `json` a line of JSON after it.
 *
 * @throws unsupported: PyTorch or its scripts are missing; numeric: the two sides' losses differ; value: a count below 1
 */
export async function runStepBench(options: StepBenchOptions = {}): Promise<StepBenchResult> {
  const { sizes = ['S', 'L'], threads = availableParallelism(), activation = 'gelu_new' } = options;
  const { out = (text) => void process.stdout.write(text), onProgress = (what) => void process.stderr.write(`bench step: ${what}\n`) } =
    options;
  for (const [name, value] of Object.entries({ steps: options.steps ?? 1, threads, losses: options.losses ?? 1 })) {
    if (!(Number.isInteger(value) && value >= 1))
      throw fail('value', { where: 'bench step', rule: `${name} is a whole number from 1`, got: String(value) });
  }
  const rules: TrainingRules = { optimizer: adamW({ lr: calmRate }), clip: 1, threads };
  const torch = await TorchSide.start(threads);
  const folder = await mkdtemp(join(tmpdir(), 'headlight-bench-'));
  const forget = onInterrupt(() => {
    torch.kill();
    rmSync(folder, { recursive: true, force: true });
  });
  try {
    const results: SizeResult[] = [];
    for (const size of sizes) {
      const { losses = stepCases[size].losses, steps = stepCases[size].steps } = options;
      const figures = await measure(
        { ...stepCases[size], losses, steps },
        { torch, rules, activation, folder, note: (text) => onProgress(`${size}: ${text}`) },
      );
      results.push({ size, ...figures });
    }
    const baby = options.baby ? await timeBaby(rules, activation, (round) => onProgress(`baby: round ${round + 1}`)) : undefined;
    const { info } = torch;
    const { lr, betas, weightDecay } = rules.optimizer;
    const result: StepBenchResult = {
      bench: 'step',
      date: new Date().toISOString(),
      command: `headlight ${process.argv.slice(2).join(' ')}`,
      machine: machine(),
      versions: { torch: info.torch, python: info.python, blas: info.blas },
      settings: {
        threads,
        torchThreads: info.threads,
        torchEnvironment: info.env,
        activation,
        lr,
        betas,
        weightDecay,
        clip: rules.clip,
        work: workFormula,
      },
      sizes: results,
      ...(baby === undefined ? {} : { baby }),
    };
    out(reportSteps(result));
    if (options.json) out(`${JSON.stringify(result)}\n`);
    return result;
  } finally {
    forget();
    torch.kill();
    await rm(folder, { recursive: true, force: true });
  }
}

export interface MeasureContext {
  readonly torch: TorchSide;
  readonly rules: TrainingRules;
  readonly activation: StepActivation;
  /** For weights, batches and the profile; the caller removes it. */
  readonly folder: string;
  readonly note: (text: string) => void;
}

/** Both sides at one shape: equality of losses, then times, then our time by kind of operator. */
export async function measure(
  { shape, losses, rounds, steps }: StepCase,
  { torch, rules, activation, folder, note }: MeasureContext,
): Promise<Omit<SizeResult, 'size'>> {
  const model = modelOf(shape, activation);
  const batches = storyBatches(shape);
  const available = Math.max(losses, steps + 1);
  const batchFile = join(folder, `batches-${shape.width}.safetensors`);
  const modelFolder = join(folder, `model-${shape.width}`);
  await saveModel(modelFolder, model);
  await writeSafetensors(batchFile, stackBatches(batches, available, shape));

  const weights = join(modelFolder, 'model.safetensors');
  const parameters = await torch.begin({ shape, activation, weights, batches: batchFile, optimizer: rules.optimizer, clip: rules.clip });
  if (parameters !== model.parameterCount) {
    throw fail('checkpoint', { where: 'bench step', rule: `${model.parameterCount} parameters in PyTorch too`, got: String(parameters) });
  }
  let equality: Equality;
  let timing: Timing;
  let othersLoad: number;
  let bestGflops: number;
  const product = await BestProduct.create(rules.threads);
  const distance = new CoreDistance();
  const ours = await OurSide.create(model, shape, rules, batches);
  try {
    note(`${losses} steps on each side, to compare losses`);
    const mine = await ours.run(0, losses);
    equality = compareLosses(mine.losses, (await torch.run(0, losses)).losses);
    await product.measure();
    const load = new LoadMeter(() => torch.processorTime());
    timing = await alternate(ours, torch, {
      rounds,
      steps,
      batches: available,
      ...(availableParallelism() > 1 && { roundTrip: () => distance.measure() }),
      onRound: (round) => note(`round ${round + 1} of ${rounds}`),
    });
    othersLoad = load.others();
    bestGflops = await product.measure();
  } finally {
    await ours.dispose();
    await product.dispose();
    await distance.stop();
  }
  note(`${profiledSteps} steps under the profiler`);
  const operators = await profileStep(model, shape, { threads: rules.threads, steps: profiledSteps, folder, batches });
  const work = workOf(shape);
  const gflops = work / timing.ours.median / 1e6;
  const torchGflops = work / timing.theirs.median / 1e6;
  const missing = missingTime(operators, work / bestGflops / 1e6, timing.outside);
  return {
    shape,
    parameters,
    equality,
    timing,
    othersLoad,
    gflops,
    torchGflops,
    operators,
    bestGflops,
    shareOfBest: gflops / bestGflops,
    missing,
  };
}
