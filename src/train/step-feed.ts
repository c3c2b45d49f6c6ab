import type { TokenBatch } from '../datasets/index.js';
import type { TrainOptions } from './options.js';
import type { Schedule } from './schedule.js';
import type { StepOwner, StepReport, StepRequest } from './worker/protocol.js';

/** Steps in flight: the next batches are with the worker before it asks. */
const ahead = 2;

export interface FeedOptions {
  /** Batch by number, as the data draw it. */
  readonly draw: (index: number) => TokenBatch | Promise<TokenBatch>;
  /** Passes per step. */
  readonly accumulate: number;
  readonly schedule: Schedule;
  readonly watchEvery: number;
  readonly onGradients: TrainOptions['onGradients'];
}

/** Gives the owner of a run its steps, in order and ahead of time, and hands on their reports. */
export class StepFeed {
  /** Batches passed over after faults: step s draws batch s + skipped. */
  skipped = 0;

  constructor(
    private readonly owner: StepOwner,
    private readonly options: FeedOptions,
  ) {}

  /** The number of a step's draw: keys its batches and its dropout. */
  drawOf(step: number): number {
    return step + this.skipped;
  }

  batchesOf(step: number): Promise<TokenBatch[]> {
    const { draw, accumulate } = this.options;
    return Promise.all(Array.from({ length: accumulate }, (_, part) => draw(this.drawOf(step) * accumulate + part)));
  }

  /** Runs steps `from` … `until` − 1; fewer, once `stopping` says so. None is under way when it ends. */
  async *run(from: number, until: number, stopping: () => boolean): AsyncGenerator<StepReport> {
    const { onGradients } = this.options;
    const inFlight: Promise<StepReport>[] = [];
    let next = from;
    let posted: Promise<unknown> = Promise.resolve();
    try {
      for (;;) {
        while (inFlight.length < (onGradients ? 1 : ahead) && next < until && !stopping()) {
          const report = this.#send(next++, posted);
          posted = report.posted;
          inFlight.push(report.done);
        }
        const first = inFlight.shift();
        if (first === undefined) return;
        yield await first;
      }
    } finally {
      await Promise.allSettled(inFlight);
    }
  }

  /** Posts a step once its batches are there and the step before is posted. */
  #send(step: number, before: Promise<unknown>): { readonly posted: Promise<unknown>; readonly done: Promise<StepReport> } {
    const { schedule, watchEvery } = this.options;
    const batches = this.batchesOf(step);
    const posted = Promise.all([batches, before]).then(([drawn]) => ({
      report: this.#step({
        step,
        draw: this.drawOf(step),
        factor: schedule(step),
        batches: drawn,
        watch: watchEvery > 0 && step % watchEvery === 0,
      }),
    }));
    const done = posted.then(({ report }) => report);
    done.catch(() => {}); // met by who waits for this step
    return { posted, done };
  }

  async #step(request: StepRequest): Promise<StepReport> {
    const { onGradients } = this.options;
    if (onGradients === undefined) return this.owner.step(request);
    const { report, gradients, targets } = await this.owner.gradients(request);
    const { step, factor, watch = false } = request;
    const replaced = await onGradients(gradients, step, targets);
    const { milliseconds, ...update } = await this.owner.update({ step, factor, gradients: replaced, watch });
    return { ...report, ...update, milliseconds: report.milliseconds + milliseconds };
  }
}
