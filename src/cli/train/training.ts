import { files } from '#files';
import { HeadlightError } from '../../core/index.js';
import { type TrainOptions, type TrainResult, traceStep, train } from '../../train/index.js';
import type { CommandIo } from '../io.js';
import type { EngineFlags, FaultFlags } from '../options.js';
import { RunKeeper } from './keeper.js';
import type { TrainingPlan } from './plan.js';
import { groupsOf, optimizerOf, scheduleOf } from './recipe.js';
import { logEvery, RunLog } from './run-log.js';
import { sampleOf } from './sample.js';

export interface TrainingOptions extends EngineFlags, FaultFlags {
  /** Tokens of a sample at every evaluation. */
  readonly sample?: number;
  readonly watch?: boolean;
}

/** What came of a run. */
export interface TrainingOutcome extends Omit<TrainResult, 'point'> {
  readonly bestValLoss: number;
  readonly bestFolder: string;
  /** The losses as a picture. */
  readonly curve: readonly string[];
}

/** Columns of the picture of the losses. */
const curveWidth = 72;

/** Runs a plan: trains, shows how far it is, and keeps the folder. Ctrl-C ends it after the step under way, saved. */
export async function runTraining(plan: TrainingPlan, options: TrainingOptions, io: CommandIo): Promise<TrainingOutcome> {
  const { model, data, settings, resume, tokenizer } = plan;
  const { steps, batch, microBatch, clip, seed, evalEvery, saveEvery, labelSmoothing, average, onFault, onSpike } = settings;
  const engine = { ...(options.device && { device: options.device }), ...(options.threads !== undefined && { threads: options.threads }) };
  const watch = options.watch ?? true;
  const trainOptions: TrainOptions = {
    ...engine,
    data,
    steps,
    batch,
    microBatch,
    optimizer: optimizerOf(settings),
    groups: groupsOf(settings, model),
    schedule: scheduleOf(settings),
    clip,
    labelSmoothing,
    average,
    seed,
    evalEvery,
    saveEvery,
    watchEvery: watch ? logEvery : 0,
    watchAttention: watch,
    guard: { onFault, onSpike },
    ...(resume && { resume: resume.point }),
  };
  if (options.dumpOnnx !== undefined) {
    const shape = { rows: microBatch, length: model.context };
    const { packed, hasIgnored } = data;
    await files.writeAtomic(options.dumpOnnx, traceStep(model, { shape, packed, hasIgnored, labelSmoothing }, engine).onnx);
  }
  const keeper = await RunKeeper.open(plan);
  const log = await RunLog.open(plan);
  const progress = io.progress(steps);
  const pace = new Pace(resume?.point.step ?? 0, batch * model.context);
  try {
    const { point: _, ...result } = await train(model, {
      ...trainOptions,
      signal: io.interrupted(),
      onStep: (report) => {
        log.step(report);
        const done = report.step + 1;
        progress.update(done, `loss ${report.loss.toFixed(3)}, ${pace.text(done, steps)}`);
      },
      onEvaluation: async (report) => {
        log.evaluation(report, pace.tokensPerSecond(report.step));
        await keeper.judge(report);
        io.note(`step ${report.step}: ${lossesOf(report)}`);
        if (options.sample) {
          const text = await sampleOf(model, tokenizer, { tokens: options.sample, seed: seed + report.step, prompt: plan.prompt });
          log.sample(report.step, text);
          io.note(`  ${JSON.stringify(text).slice(1, -1)}`);
        }
      },
      onSave: async (run) => {
        await log.flush();
        await keeper.keep(run);
      },
      onRecovery: async (recovery) => {
        await log.recovery(recovery);
        const went = recovery.action === 'rollback' ? ` Going on from step ${recovery.from} with other batches.` : '';
        io.note(`${recovery.kind === 'spike' ? 'The loss leapt' : 'A fault'}: ${recovery.reason}${went}`);
      },
    });
    await log.flush();
    return {
      ...result,
      bestValLoss: keeper.best,
      bestFolder: keeper.bestFolder,
      curve: await log.curve(Math.max(24, Math.min(curveWidth, io.columns)), io.unicode),
    };
  } catch (error) {
    if (error instanceof HeadlightError && (error.code === 'storage' || error.code === 'numeric')) {
      io.note(`What is saved is whole: step ${keeper.kept}. To go on from there: headlight train --resume ${plan.folder}`);
    }
    throw error;
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
export function summaryOf(outcome: TrainingOutcome): string {
  const { step, seconds, tokensPerSecond } = outcome;
  return `${step} steps, ${seconds.toFixed(1)} s, ${Math.round(tokensPerSecond).toLocaleString('en')} tokens/s: ${lossesOf(outcome)}`;
}

function lossesOf({
  trainLoss,
  valLoss,
  exactMatch,
  trainExactMatch,
}: Pick<TrainResult, 'trainLoss' | 'valLoss' | 'exactMatch' | 'trainExactMatch'>): string {
  const percent = (share: number): string => `${(100 * share).toFixed(1)}%`;
  const matches = exactMatch === undefined ? '' : `, exact match ${percent(exactMatch)}`;
  const learned = trainExactMatch === undefined ? '' : ` (of what is learned from: ${percent(trainExactMatch)})`;
  return `training loss ${trainLoss.toFixed(4)}, validation loss ${valLoss.toFixed(4)}${matches}${learned}`;
}
