import { files } from '#files';
import { adamW, cosine, nextTokenLoss, type TrainOptions, type TrainResult, traceStep, train } from '../../train/index.js';
import type { CommandIo } from '../io.js';
import type { EngineFlags, FaultFlags } from '../options.js';
import { FaultFinder } from './fault-finder.js';
import { RunKeeper } from './keeper.js';
import type { TrainingPlan } from './plan.js';

export interface TrainingOptions extends EngineFlags, FaultFlags {}

/** What came of a run. */
export interface TrainingOutcome extends Omit<TrainResult, 'state'> {
  readonly bestValLoss: number;
  readonly bestFolder: string;
}

/** Runs a plan: trains, shows how far it is, and keeps the folder. Ctrl-C ends it after the step under way, saved. */
export async function runTraining(plan: TrainingPlan, options: TrainingOptions, io: CommandIo): Promise<TrainingOutcome> {
  const { model, data, settings, resume } = plan;
  const { steps, batch, microBatch, lr, minLr, warmup, weightDecay, clip, seed, evalEvery } = settings;
  const engine = { ...(options.device && { device: options.device }), ...(options.threads !== undefined && { threads: options.threads }) };
  const trainOptions: TrainOptions = {
    ...engine,
    data,
    steps,
    batch,
    microBatch,
    optimizer: adamW({ lr, weightDecay }),
    schedule: cosine({ warmup, steps, floor: minLr / lr }),
    clip,
    seed,
    evalEvery,
    ...(resume && { resume }),
  };
  const faults = options.check ? new FaultFinder(model, trainOptions) : undefined;
  const keeper = await RunKeeper.open(plan);
  if (options.dumpOnnx !== undefined) {
    await files.writeAtomic(options.dumpOnnx, traceStep(model, { batch: microBatch, context: model.context }, nextTokenLoss, engine).onnx);
  }
  const progress = io.progress(steps);
  const pace = new Pace(resume?.step ?? 0, batch * model.context);
  try {
    const { state: _, ...result } = await train(model, {
      ...trainOptions,
      signal: io.interrupted(),
      onStep: (report) => {
        faults?.passed(report.step);
        const done = report.step + 1;
        progress.update(done, `loss ${report.loss.toFixed(3)}, ${pace.text(done, steps)}`);
      },
      onEvaluation: async (report, run) => {
        const state = await run.state();
        faults?.remember(report.step, state);
        await keeper.keep(report, state, { tokensPerSecond: pace.tokensPerSecond(report.step) });
        io.note(`step ${report.step}: training loss ${report.trainLoss.toFixed(4)}, validation loss ${report.valLoss.toFixed(4)}`);
      },
    });
    return { ...result, bestValLoss: keeper.best, bestFolder: keeper.bestFolder };
  } catch (error) {
    throw faults === undefined ? error : await faults.explain(error);
  } finally {
    progress.stop();
  }
}

/** How fast a run is, evaluations and all, and how long it will still take. */
class Pace {
  readonly #begun = performance.now();
  readonly #first: number;
  readonly #tokensPerStep: number;

  constructor(first: number, tokensPerStep: number) {
    this.#first = first;
    this.#tokensPerStep = tokensPerStep;
  }

  tokensPerSecond(done: number): number {
    const seconds = Math.max(1e-3, (performance.now() - this.#begun) / 1000);
    return Math.round(((done - this.#first) * this.#tokensPerStep) / seconds);
  }

  text(done: number, steps: number): string {
    const speed = this.tokensPerSecond(done);
    const left = Math.round(((steps - done) * this.#tokensPerStep) / Math.max(1, speed));
    const clock = `${Math.floor(left / 60)}:${String(left % 60).padStart(2, '0')}`;
    return `${speed.toLocaleString('en')} tokens/s, ${clock} left`;
  }
}

/** One line about a run. */
export function summaryOf({ step, seconds, tokensPerSecond, trainLoss, valLoss }: TrainingOutcome): string {
  const losses = `training loss ${trainLoss.toFixed(4)}, validation loss ${valLoss.toFixed(4)}`;
  return `${step} steps, ${seconds.toFixed(1)} s, ${Math.round(tokensPerSecond).toLocaleString('en')} tokens/s: ${losses}`;
}
