import { files } from '#files';
import { fail, HeadlightError } from '../../core/index.js';
import { type TrainOptions, type TrainResult, train } from '../../train/index.js';
import { traceLanes } from '../../train/lanes.js';
import type { CommandIo } from '../io.js';
import type { EngineFlags, FaultFlags } from '../options.js';
import { RunKeeper } from './keeper.js';
import type { TrainingPlan } from './plan.js';
import { groupsOf, optimizerOf, scheduleOf } from './recipe.js';
import { logEvery, RunLog } from './run-log.js';
import { sampleOf } from './sample.js';
import { quoted } from './shell.js';

export type TrainingOptions = EngineFlags & FaultFlags;

/** What came of a run. */
export interface TrainingOutcome extends Omit<TrainResult, 'point'> {
  readonly bestValLoss: number;
  readonly bestFolder: string;
  /** The losses as a picture. */
  readonly curve: readonly string[];
}

/** Steps after a reported leap of the loss in which others are not told of. */
const quietSteps = 100;

/** Columns of the picture of the losses. */
const curveWidth = 72;

/** Runs a plan: trains, shows how far it is, and keeps the folder. Ctrl-C ends it after the step under way, saved. */
export async function runTraining(plan: TrainingPlan, options: TrainingOptions, io: CommandIo): Promise<TrainingOutcome> {
  const { model, data, settings, resume, tokenizer } = plan;
  const {
    steps,
    batch,
    microBatch,
    context,
    lanes,
    clip,
    seed,
    evalEvery,
    saveEvery,
    labelSmoothing,
    average,
    onFault,
    onSpike,
    sample,
    watch,
  } = settings;
  const engine = { ...(options.device && { device: options.device }), ...(options.threads !== undefined && { threads: options.threads }) };
  const trainOptions: TrainOptions = {
    ...engine,
    data,
    steps,
    batch,
    microBatch,
    length: context,
    lanes,
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
    guard: { onFault: options.check ? 'stop' : onFault, onSpike },
    ...(resume && { resume: resume.point }),
  };
  if (options.dumpOnnx !== undefined) {
    const { packed, hasIgnored } = data;
    const whole = engine.device === 'webgpu';
    const step = { shape: { rows: microBatch, length: context }, packed, hasIgnored, labelSmoothing, lanes, whole };
    await files.writeAtomic(options.dumpOnnx, traceLanes(model, step, engine).program.onnx);
  }
  const keeper = await RunKeeper.open(plan);
  const log = await RunLog.open(plan);
  const progress = io.progress(steps);
  let leapt = Number.NEGATIVE_INFINITY;
  const pace = new Pace(resume?.point.step ?? 0, batch * context);
  try {
    const { point: _, ...result } = await train(model, {
      ...trainOptions,
      signal: io.interrupted(),
      onStep: (report) => {
        log.step(report);
        pace.done = report.step + 1;
        progress.update(pace.done, `loss ${report.loss.toFixed(3)}, ${pace.text(steps)}`);
      },
      onEvaluation: async (report) => {
        log.evaluation(report, pace.tokensPerSecond);
        await keeper.judge(report);
        io.note(`step ${report.step}: ${lossesOf(report)}`);
        if (sample > 0) {
          const text = await sampleOf(model, tokenizer, { tokens: sample, seed: seed + report.step, prompt: plan.prompt });
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
        const { action, kind, step } = recovery;
        // A loss that stays high leaps at every step: one line tells it, the metrics have them all.
        const isNews = action === 'rollback' || step > leapt + quietSteps;
        if (kind === 'spike' && isNews) leapt = step;
        if (!isNews) return;
        const went = action === 'rollback' ? ` Going on from step ${recovery.from} with other batches.` : '';
        io.note(`${kind === 'spike' ? 'The loss leapt' : 'A fault'}: ${recovery.reason}${went}`);
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
    if (error instanceof HeadlightError && error.code === 'storage') throw diskError(error, plan.folder, keeper.kept);
    if (error instanceof HeadlightError && error.code === 'numeric') await log.fault(pace.done, error.message);
    if (error instanceof HeadlightError && error.code === 'numeric' && keeper.kept > 0)
      io.note(`Saved last: step ${keeper.kept}. To start from its weights, such as with a lower --lr: --from ${quoted(plan.folder)}`);
    throw error;
  } finally {
    progress.stop();
    await keeper.close();
  }
}

/** A disk that is full: what is there is whole, and how to go on. */
function diskError(error: HeadlightError, folder: string, kept: number): HeadlightError {
  return fail('storage', {
    where: folder,
    rule: error.expected,
    ...(error.got !== undefined && { got: error.got }),
    fix: `Step ${kept} is saved and whole. Free some space, then go on: headlight train --resume ${quoted(folder)}`,
    cause: error,
  });
}

/** How fast a run is, evaluations and all, and how long it will still take. */
class Pace {
  /** Steps done. */
  done: number;
  readonly #begun = performance.now();
  readonly #first: number;
  readonly #tokensPerStep: number;

  constructor(first: number, tokensPerStep: number) {
    this.done = first;
    this.#first = first;
    this.#tokensPerStep = tokensPerStep;
  }

  get tokensPerSecond(): number {
    const seconds = Math.max(1e-3, (performance.now() - this.#begun) / 1000);
    return Math.round(((this.done - this.#first) * this.#tokensPerStep) / seconds);
  }

  text(steps: number): string {
    const speed = this.tokensPerSecond;
    const left = Math.round(((steps - this.done) * this.#tokensPerStep) / Math.max(1, speed));
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
  const validation = Number.isFinite(valLoss) ? `, validation loss ${valLoss.toFixed(4)}` : '';
  return `training loss ${trainLoss.toFixed(4)}${validation}${matches}${learned}`;
}
