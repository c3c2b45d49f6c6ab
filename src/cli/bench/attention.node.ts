import { rmSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { writeSafetensors } from '../../checkpoints/index.js';
import { attentionPass } from './attention-ours.js';
import { reportAttention } from './attention-report.js';
import { type AttentionShape, attentionInput, attentionLayer, attentionShape, attentionWork } from './attention-shape.js';
import { largestDifference } from './figures-difference.js';
import { LoadMeter } from './load.node.js';
import { type Machine, machine } from './machine.node.js';
import { onInterrupt } from './on-interrupt.node.js';
import type { OpTimes } from './op-times.js';
import { alternate, type Timing } from './step-compare.js';
import type { Block } from './step-ours.js';
import { profilePrefix, takeProfile } from './step-profile.node.js';
import { type TorchInfo, TorchProcess } from './torch-process.node.js';

export interface AttentionBenchOptions {
  /** Threads within an operator, on both sides; the machine's cores by default. */
  readonly threads?: number;
  /** Rounds of `steps` timed steps on either side. */
  readonly rounds?: number;
  readonly steps?: number;
  /** Of both cases; 8 rows of 256 tokens, 6 heads, width 384 by default. */
  readonly shape?: Omit<AttentionShape, 'causal'>;
  readonly json?: boolean;
  readonly out?: (text: string) => void;
  readonly onProgress?: (what: string) => void;
}

/** One case: without a mask, or causal. */
export interface AttentionCase {
  readonly shape: AttentionShape;
  /** Equal parts the batch is cut into on our side. */
  readonly tiles: number;
  /** Largest relative difference of the loss and of the gradients' norms. */
  readonly difference: number;
  readonly timing: Timing;
  readonly othersLoad: number;
  /** Floating-point operations of a step. */
  readonly work: number;
  readonly operators: OpTimes;
}

export interface AttentionBenchResult {
  readonly bench: 'attention';
  readonly date: string;
  readonly machine: Machine;
  readonly threads: number;
  readonly torch: TorchInfo;
  readonly cases: readonly AttentionCase[];
}

/** Steps before the first that counts, and steps under the profiler. */
const [warmUp, profiled] = [5, 20];

/**
 * `headlight bench attention`: multi-head attention forward and backward, ours and PyTorch's unfused equivalent in turn, from the
 * same weights over the same x; first loss and gradients are compared. Prints a table, with `json` a line of JSON after it.
 * @throws unsupported: PyTorch or its scripts are missing; numeric: the sides differ
 */
export async function runAttentionBench(options: AttentionBenchOptions = {}): Promise<AttentionBenchResult> {
  const { threads = availableParallelism(), rounds = 12, steps = 10, shape = attentionShape } = options;
  const { out = (text) => void process.stdout.write(text), onProgress = () => {} } = options;
  const { child, info } = await TorchProcess.start('bench attention', 'attention.py', threads);
  const folder = await mkdtemp(join(tmpdir(), 'headlight-bench-'));
  const forget = onInterrupt(() => {
    child.kill();
    rmSync(folder, { recursive: true, force: true });
  });
  try {
    const cases: AttentionCase[] = [];
    for (const causal of [false, true]) {
      onProgress(causal ? 'causal' : 'every query meets every key');
      cases.push(await measure({ ...shape, causal }, { child, folder, threads, rounds, steps }));
    }
    const result = { bench: 'attention', date: new Date().toISOString(), machine: machine(), threads, torch: info, cases } as const;
    out(reportAttention(result));
    if (options.json) out(`${JSON.stringify(result)}\n`);
    return result;
  } finally {
    forget();
    child.kill();
    await rm(folder, { recursive: true, force: true });
  }
}

interface Means {
  readonly child: TorchProcess;
  readonly folder: string;
  readonly threads: number;
  readonly rounds: number;
  readonly steps: number;
}

async function measure(shape: AttentionShape, { child, folder, threads, rounds, steps }: Means): Promise<AttentionCase> {
  const layer = attentionLayer(shape);
  const [x, cotangent] = [attentionInput('x', shape), attentionInput('cotangent', shape)];
  const values = Object.fromEntries([...layer.parameters()].map(([name, p]) => [name, p.value]));
  const weights = join(folder, 'attention.safetensors');
  await writeSafetensors(weights, { ...values, x, cotangent });
  const reply = await child.ask({ cmd: 'init', config: { heads: shape.heads, causal: shape.causal }, weights });
  const theirs = {
    run: async (_: number, count: number): Promise<Block> => (await child.ask({ cmd: 'step', count })) as unknown as Block,
  };
  const ours = await attentionPass(layer, x, cotangent, { threads });
  try {
    const [loss] = (await ours.run(0, warmUp)).losses;
    await theirs.run(0, warmUp);
    const { losses, norms } = reply as unknown as Block & { norms: Record<string, number> };
    const difference = largestDifference(
      'bench attention',
      { ...ours.norms(), loss: loss as number },
      { ...norms, loss: losses[0] as number },
    );
    const load = new LoadMeter(() => child.processorTime());
    // Every step reads the same x: one batch, so that each block begins with it.
    const timing = await alternate(ours, theirs, { rounds, steps, batches: steps + 1 });
    const operators = await profile(shape, folder, threads);
    return { shape, tiles: ours.tiles, difference, timing, othersLoad: load.others(), work: attentionWork(shape), operators };
  } finally {
    await ours.dispose();
  }
}

async function profile(shape: AttentionShape, folder: string, threads: number): Promise<OpTimes> {
  const inputs = [attentionInput('x', shape), attentionInput('cotangent', shape)] as const;
  const ours = await attentionPass(attentionLayer(shape), ...inputs, { threads, profile: join(folder, profilePrefix) });
  try {
    await ours.run(0, profiled + 1);
    ours.endProfiling();
  } finally {
    await ours.dispose();
  }
  return await takeProfile(folder);
}
