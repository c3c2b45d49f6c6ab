import { rmSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { saveModel } from '../../../checkpoints/index.js';
import { GPT2 } from '../../../models/index.js';
import { BestProduct } from '../best-product.js';
import { LoadMeter } from '../load.node.js';
import { type Machine, machine } from '../machine.node.js';
import { onInterrupt } from '../on-interrupt.node.js';
import { fillQuickly } from '../quick-weights.js';
import { type Summary, scaled } from '../statistics.js';
import { type TorchInfo, TorchProcess } from '../torch-process.node.js';
import { readPositions, type SideTimes, type TokenTimes, timePrompts, timeTokens } from './measure.js';
import { OurInference } from './side.js';
import { checkSize, type InferenceSize, inferenceSizes, promptWork, type SlotName } from './size.js';
import { TorchInference } from './torch-side.node.js';
import { weightReaders } from './weight-stream.js';

export interface InferenceBenchOptions {
  /** GPT-2's smallest published shape by default. */
  readonly size?: InferenceSize;
  /** Threads within an operator, on both sides; the machine's cores by default. */
  readonly threads?: number;
  readonly onProgress?: (what: string) => void;
}

/** A prompt of one row, or of many. */
export interface PromptFigures extends SideTimes {
  readonly batch: number;
  /** 10⁹ floating-point operations per second, and what that is of the best matrix product in this run. */
  readonly gflops: number;
  readonly shareOfBest: Summary;
}

export interface InferenceBenchResult {
  readonly bench: 'inference';
  readonly date: string;
  readonly machine: Machine;
  readonly threads: number;
  readonly size: InferenceSize;
  readonly parameters: number;
  /** Of the matrices that a token's products read. */
  readonly weightBytes: number;
  readonly torch?: TorchInfo;
  /** Why PyTorch is missing. */
  readonly withoutTorch?: string;
  /** Largest difference of the two sides' logits, beside the largest logit. */
  readonly difference?: number;
  readonly bestGflops: number;
  /** Milliseconds to read those matrices once, by each reader. */
  readonly readMs: Readonly<Record<string, number>>;
  readonly prompts: readonly PromptFigures[];
  readonly tokens: Readonly<Record<SlotName, TokenTimes>>;
  /** The time at the far position over that at the near one. */
  readonly farToNear: number;
  readonly othersLoad: number;
}

/**
 * `headlight bench inference`: prompts and tokens of a GPT-2 of random weights, ours and PyTorch's with a cache in turn, after
 * their logits were compared; a token also beside reading its weights once, a prompt beside the best matrix product, measured
 * in the same rounds. Without PyTorch, ours alone.
 * @throws value: positions that the context cannot hold; numeric: the sides' logits differ
 */
export async function runInferenceBench(options: InferenceBenchOptions = {}): Promise<InferenceBenchResult> {
  const { size = inferenceSizes.full, threads = availableParallelism(), onProgress = () => {} } = options;
  checkSize(size);
  onProgress('filling the weights');
  const model = new GPT2(size);
  fillQuickly(model);
  const weights = [...model.parameters().values()].filter((p) => p.shape.length === 2 && p !== model.positions.weight);
  const weightBytes = weights.reduce((n, p) => n + p.value.data.byteLength, 0);

  const torch = await TorchProcess.startIfThere('bench inference', 'inference.py', threads);
  const child = 'child' in torch ? torch.child : undefined;
  const folder = await mkdtemp(join(tmpdir(), 'headlight-bench-'));
  const forget = onInterrupt(() => {
    child?.kill();
    rmSync(folder, { recursive: true, force: true });
  });
  const disposable: { dispose(): Promise<void> }[] = [];
  const kept = <T extends { dispose(): Promise<void> }>(made: T): T => {
    disposable.push(made);
    return made;
  };
  try {
    if (child !== undefined) await saveModel(folder, model);
    const theirs = child && (await TorchInference.create(child, size, join(folder, 'model.safetensors')));
    const ours = kept(await OurInference.create(model, size, threads));
    const sides = { ours, ...(theirs && { theirs }) };
    const product = kept(await BestProduct.create(threads));
    const readers = await weightReaders(weights, threads);
    readers.forEach(kept);
    await product.measure();
    const load = new LoadMeter(() => child?.processorTime() ?? 0);
    const times: { readonly batch: number; readonly times: SideTimes }[] = [];
    for (const slot of ['near', 'many'] as const) {
      const batch = slot === 'many' ? size.many : 1;
      onProgress(`prompts of ${size.prompt} tokens, ${batch} at once`);
      times.push({ batch, times: await timePrompts(sides, size, slot) });
    }
    const bestGflops = await product.measure();
    onProgress('comparing logits');
    const difference = await readPositions(sides, size);
    const tokens = await timeTokens(sides, size, readers, (round) => onProgress(`tokens, round ${round + 1} of ${size.rounds}`));
    return {
      ...{ bench: 'inference', date: new Date().toISOString(), machine: machine(), threads, size },
      ...{ parameters: model.parameterCount, weightBytes },
      ...('child' in torch ? { torch: torch.info } : { withoutTorch: torch.reason }),
      ...(difference !== undefined && { difference }),
      ...{ bestGflops, readMs: tokens.readMs },
      prompts: times.map(({ batch, times }) => {
        const gflops = promptWork(size, batch) / times.ours.median / 1e6;
        return { batch, ...times, gflops, shareOfBest: scaled(times.ours, (ms) => promptWork(size, batch) / ms / 1e6 / bestGflops) };
      }),
      tokens: tokens.slots,
      farToNear: tokens.slots.far.ours.median / tokens.slots.near.ours.median,
      othersLoad: load.others(),
    };
  } finally {
    forget();
    child?.kill();
    for (const made of disposable) await made.dispose();
    await rm(folder, { recursive: true, force: true });
  }
}
