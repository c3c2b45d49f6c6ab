import { fail } from '../../core/index.js';
import { exitCode } from '../exit-code.js';
import type { CommandIo } from '../io.js';
import { checkOutputs } from '../output-path.js';
import { builtInStories } from '../source.js';
import { planNewRun, planResumedRun, type TrainingPlan } from './plan.js';
import type { RunFlags, SettingFlags } from './settings.js';
import { runTraining, summaryOf, type TrainingOutcome } from './training.js';

export interface TrainRequest {
  readonly data: string | undefined;
  /** Only those that were said. */
  readonly settings: SettingFlags;
  readonly run: RunFlags;
}

/**
 * Trains, or goes on. JSON: `step`, `trainLoss` (mean of the last 100 steps at most; null where none was done), `valLoss`,
 * `bestValLoss`, `parameters`, `tokensPerSecond`, `seconds`, `out`, `best` (the folder of the best model), `stopped`.
 *
 * @returns the exit code
 */
export async function trainCommand({ data, settings, run }: TrainRequest, io: CommandIo): Promise<number> {
  await checkOutputs(
    [run.dumpOnnx],
    [data, run.resume, settings.from].flatMap((path) => path || []),
  );
  const plan = await planOf({ data, settings, run });
  const { folder, model } = plan;
  const size = `${model.parameterCount.toLocaleString('en')} parameters, ${plan.data.train.length.toLocaleString('en')} tokens to learn from`;
  io.note(`${plan.resume ? `going on from step ${plan.resume.step} of` : 'training in'} ${folder}: ${size}`);
  const outcome = await runTraining(plan, run, io);
  if (run.json) io.out(`${jsonOf(plan, outcome)}\n`);
  else io.out(`${summaryOf(outcome)}\n`);
  if (outcome.stopped) {
    io.note(`Stopped and saved. To go on: headlight train --resume ${quoted(folder)}`);
    return exitCode.interrupted;
  }
  const best = quoted(outcome.bestFolder);
  if (outcome.bestFolder !== folder) io.note(`Validation loss was lowest at ${outcome.bestValLoss.toFixed(4)}: that model is in ${best}`);
  io.note(`Next:\n  headlight generate ${best} --prompt "…"\n  headlight attend ${best} --text "…" --html attention.html`);
  return exitCode.done;
}

async function planOf({ data, settings, run }: TrainRequest): Promise<TrainingPlan> {
  if (run.resume === undefined) return planNewRun(data ?? builtInStories, settings, run.out);
  if (run.out !== undefined) {
    throw fail('value', {
      where: 'train',
      rule: '--resume writes into the folder it goes on with',
      got: '--out too',
      fix: 'Leave --out out',
    });
  }
  return planResumedRun(run.resume, settings, data);
}

function jsonOf({ folder }: TrainingPlan, outcome: TrainingOutcome): string {
  const { step, trainLoss, valLoss, bestValLoss, parameters, tokensPerSecond, seconds, stopped, bestFolder } = outcome;
  return JSON.stringify({
    step,
    trainLoss,
    valLoss,
    bestValLoss,
    parameters,
    tokensPerSecond,
    seconds,
    out: folder,
    best: bestFolder,
    stopped,
  });
}

/** A path as a shell takes it. */
function quoted(path: string): string {
  return /^[\w./-]+$/.test(path) ? path : `'${path.replaceAll("'", "'\\''")}'`;
}
