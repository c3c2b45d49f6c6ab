import { startThread } from '#thread';
import type { TokenBatch } from '../../datasets/index.js';
import type { LanguageModel } from '../../models/index.js';
import { type AdamW, applyGroups, parameterShapes, type StepOwner, type StepReport } from '../../train/index.js';
import { traceLanes } from '../../train/lanes.js';
import { remoteOwner } from '../../train/worker/rpc.js';
import type { StepShape } from './step-shape.js';

/** Steps that were run: the loss before each update, in nats, and the milliseconds of each whole step. */
export interface Block {
  readonly losses: readonly number[];
  readonly ms: readonly number[];
}

/** One of the two that are compared: trains on batches `first` … `first + count − 1`. */
export interface Side {
  run(first: number, count: number): Promise<Block>;
}

export interface OurBlock extends Block {
  /** Milliseconds of each step outside ONNX Runtime: masks, sums of gradients, clipping, AdamW, what lanes exchange and wait. */
  readonly outside: readonly number[];
}

export interface TrainingRules {
  readonly optimizer: AdamW;
  readonly clip: number;
  readonly threads: number;
  /** Whether batches have targets that are ignored. */
  readonly hasIgnored?: boolean;
}

/** Steps with the worker at once, as in `train`. */
const ahead = 2;

/**
 * Our training step as `train` runs it: a worker thread owns the numbers, this thread draws batches and sends them ahead.
 * A step's time is the time between two answers in this thread, so messages and the drawing of batches count too.
 */
export class OurSide implements Side {
  readonly #owner: StepOwner;
  readonly #batches: (index: number) => TokenBatch;
  readonly #accumulate: number;
  #step = 0;

  private constructor(owner: StepOwner, batches: (index: number) => TokenBatch, accumulate: number) {
    this.#owner = owner;
    this.#batches = batches;
    this.#accumulate = accumulate;
  }

  static async create(
    model: LanguageModel,
    shape: Pick<StepShape, 'batch' | 'context' | 'accumulate'>,
    { optimizer, clip, threads, hasIgnored = false }: TrainingRules,
    batches: (index: number) => TokenBatch,
  ): Promise<OurSide> {
    const { batch, context, accumulate } = shape;
    const owner = remoteOwner(startThread());
    const step = { shape: { rows: batch, length: context }, hasIgnored };
    try {
      await owner.setup({
        ...traceLanes(model, step, { device: 'cpu', threads }),
        parameters: applyGroups(parameterShapes(model)),
        values: Object.fromEntries([...model.parameters()].map(([name, p]) => [name, Float32Array.from(p.value.data as Float32Array)])),
        optimizer,
        optimizerPrograms: [],
        clip,
        accumulate,
        average: 0,
        seed: 1,
      });
    } catch (error) {
      await owner.dispose();
      throw error;
    }
    return new OurSide(owner, batches, accumulate);
  }

  async run(first: number, count: number): Promise<OurBlock> {
    const losses: number[] = [];
    const ms: number[] = [];
    const outside: number[] = [];
    const inFlight: Promise<StepReport>[] = [];
    let sent = 0;
    const send = (): void => {
      const index = (first + sent++) * this.#accumulate;
      const batches = Array.from({ length: this.#accumulate }, (_, part) => this.#batches(index + part));
      const report = this.#owner.step({ step: this.#step, draw: this.#step++, factor: 1, batches });
      report.catch(() => {}); // met below, when this step is waited for
      inFlight.push(report);
    };
    let last = performance.now();
    while (losses.length < count) {
      while (inFlight.length < ahead && sent < count) send();
      const report = await (inFlight.shift() as Promise<StepReport>);
      const now = performance.now();
      losses.push(report.loss);
      ms.push(now - last);
      outside.push(report.milliseconds - report.engineMilliseconds);
      last = now;
    }
    return { losses, ms, outside };
  }

  dispose(): Promise<void> {
    return this.#owner.dispose();
  }
}
