import { mkdtemp, rm } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { writeSafetensors } from '../../checkpoints/index.js';
import { HostArray, normal, randomKey } from '../../core/index.js';
import type { CellName } from '../../nn/index.js';
import { largestDifference } from './figures-difference.js';
import { LoadMeter } from './load.node.js';
import { type Machine, machine } from './machine.node.js';
import { type CellRatio, cellPass, lstmOverRnn, type RecurrentShape } from './recurrent-ratio.js';
import { reportRecurrent } from './recurrent-report.js';
import { median } from './statistics.js';
import { alternate, type Timing } from './step-compare.js';
import type { Block } from './step-ours.js';
import { type TorchInfo, TorchProcess } from './torch-process.node.js';

export interface RecurrentBenchOptions {
  readonly threads?: number;
  /** Rounds of `steps` timed steps on either side. */
  readonly rounds?: number;
  readonly steps?: number;
  /** 32 rows of 256 steps, width 128 by default. */
  readonly shape?: RecurrentShape;
  readonly json?: boolean;
  readonly out?: (text: string) => void;
  readonly onProgress?: (what: string) => void;
}

/** One cell. */
export interface CellFigures {
  readonly cell: CellName;
  /** Median milliseconds of our forward and backward pass. */
  readonly ms: number;
  /** Of our forward pass. */
  readonly multiplyAdds: number;
  /** Against PyTorch, where it is there; `difference` is the largest, relative, of the loss and of the gradients' norms. */
  readonly torch?: { readonly timing: Timing; readonly difference: number; readonly othersLoad: number };
}

export interface RecurrentBenchResult {
  readonly bench: 'recurrent';
  readonly date: string;
  readonly machine: Machine;
  readonly threads: number;
  readonly shape: RecurrentShape;
  readonly torch?: TorchInfo;
  /** Why PyTorch is missing. */
  readonly withoutTorch?: string;
  readonly cells: readonly CellFigures[];
  /** At this width, and wider. */
  readonly lstmOverRnn: readonly CellRatio[];
}

const warmUp = 3;
const cells: readonly CellName[] = ['rnn', 'gru', 'lstm'];

/**
 * `headlight bench recurrent`: a layer of RNN, GRU and LSTM forward and backward, ours and PyTorch's in turn, from the same
 * weights over the same x; the first loss and gradients are compared. Without PyTorch, ours alone.
 * @throws numeric: the sides differ
 */
export async function runRecurrentBench(options: RecurrentBenchOptions = {}): Promise<RecurrentBenchResult> {
  const { threads = availableParallelism(), shape = { batch: 32, length: 256, hidden: 128 }, rounds = 8, steps = 5 } = options;
  const { out = (text) => void process.stdout.write(text), onProgress = () => {} } = options;
  const torch = await TorchProcess.startIfThere('bench recurrent', 'recurrent.py', threads);
  const folder = await mkdtemp(join(tmpdir(), 'headlight-bench-'));
  try {
    const found: CellFigures[] = [];
    for (const cell of cells) {
      onProgress(cell);
      const child = 'child' in torch ? torch.child : undefined;
      found.push(await measure(cell, shape, { child, folder, threads, rounds, steps }));
    }
    onProgress('lstm over rnn');
    const ratios = await lstmOverRnn(shape, numbers, { threads, rounds: rounds * steps });
    const result: RecurrentBenchResult = {
      ...{ bench: 'recurrent', date: new Date().toISOString(), machine: machine(), threads, shape },
      ...('child' in torch ? { torch: torch.info } : { withoutTorch: torch.reason }),
      ...{ cells: found, lstmOverRnn: ratios },
    };
    out(reportRecurrent(result));
    if (options.json) out(`${JSON.stringify(result)}\n`);
    return result;
  } finally {
    if ('child' in torch) torch.child.kill();
    await rm(folder, { recursive: true, force: true });
  }
}

interface Means {
  readonly child: TorchProcess | undefined;
  readonly folder: string;
  readonly threads: number;
  readonly rounds: number;
  readonly steps: number;
}

async function measure(cell: CellName, shape: RecurrentShape, { child, folder, threads, rounds, steps }: Means): Promise<CellFigures> {
  const { batch, length, hidden } = shape;
  const [x, cotangent] = ['x', 'cotangent'].map((name) => numbers(name, [batch, length, hidden])) as [HostArray, HostArray];
  const { layer, work, pass: ours } = await cellPass(cell, shape, { x, cotangent }, threads);
  try {
    const [loss] = (await ours.run(0, warmUp)).losses;
    if (child === undefined) {
      return { cell, ms: median((await ours.run(0, rounds * steps)).ms), multiplyAdds: work };
    }
    const values = Object.fromEntries([...layer.parameters()].map(([name, p]) => [name, p.value]));
    const weights = join(folder, `${cell}.safetensors`);
    await writeSafetensors(weights, { ...values, x, cotangent });
    const reply = (await child.ask({ cmd: 'init', config: { cell, hidden }, weights })) as unknown as Block & {
      norms: Record<string, number>;
    };
    const theirs = {
      run: async (_: number, count: number): Promise<Block> => (await child.ask({ cmd: 'step', count })) as unknown as Block,
    };
    const own = { ...ours.norms(), loss: loss as number };
    const difference = largestDifference('bench recurrent', own, { ...reply.norms, loss: reply.losses[0] as number });
    await theirs.run(0, warmUp);
    const load = new LoadMeter(() => child.processorTime());
    const timing = await alternate(ours, theirs, { rounds, steps, batches: steps + 1 });
    return { cell, ms: timing.ours.median, multiplyAdds: work, torch: { timing, difference, othersLoad: load.others() } };
  } finally {
    await ours.dispose();
  }
}

/** Normal numbers, the same for the same name. */
function numbers(name: string, shape: readonly number[]): HostArray {
  const key = randomKey(1, name);
  return new HostArray(
    Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => normal(key, i)),
    shape,
    'float32',
  );
}
