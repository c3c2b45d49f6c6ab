import { fail } from '../../core/index.js';
import { checkDevice } from '../../runtime/index.js';
import { exitCode } from '../exit-code.js';
import type { CommandIo } from '../io.js';
import { checkOutputs } from '../output-path.js';
import { builtInStories } from '../source.js';
import { readConfigFile } from './config-file.js';
import { planNewRun, planResumedRun, type TrainingPlan } from './plan.js';
import type { RunFlags, SettingFlags } from './settings.js';
import { quoted } from './shell.js';
import { sweepCommand } from './sweep.js';
import { parseSweep } from './sweep-axes.js';
import { isSweep } from './sweep-record.js';
import { runTraining, summaryOf, type TrainingOutcome } from './training.js';

export interface TrainRequest {
  readonly data: readonly string[];
  /** Only those that were said. */
  readonly settings: SettingFlags;
  readonly run: RunFlags;
  /** A JSON file that stands for flags; what was said stands above it. */
  readonly config?: string;
  readonly sweep: readonly string[];
}

/**
 * Trains, or goes on. JSON: `step`, `trainLoss` (mean of the last 100 steps at most; null where none was done), `valLoss`,
 * `bestValLoss`, `exactMatch` and `trainExactMatch` (of tasks), `parameters`, `tokensPerSecond`, `seconds`, `out`, `best`
 * (the folder of the best model), `stopped`. A sweep's JSON is `sweepCommand`'s.
 *
 * @returns the exit code
 */
export async function trainCommand(request: TrainRequest, io: CommandIo): Promise<number> {
  const config = request.config === undefined ? undefined : await readConfigFile(request.config);
  const settings = { ...config?.settings, ...request.settings };
  const run = { ...config?.run, ...defined(request.run) };
  const named = request.data.length > 0 ? request.data : (config?.data ?? []);
  const axes = request.sweep.length > 0 ? parseSweep(request.sweep) : (config?.sweep ?? []);
  if (run.device === 'webgpu') await checkDevice(run.device);
  await checkOutputs(
    [run.dumpOnnx],
    [...named, run.resume, settings.from].flatMap((path) => path || []),
  );
  const isTask = (settings.task ?? '') !== '' || axes.some(({ name }) => name === 'task');
  const data = named.length > 0 || run.resume !== undefined || isTask ? named : [builtInStories];
  const isOldSweep = run.resume !== undefined && (await isSweep(run.resume));
  if (isOldSweep || (axes.length > 0 && run.resume === undefined)) return sweepCommand({ data, settings, run, axes }, io);
  if (axes.length > 0) {
    throw fail('value', {
      where: '--sweep',
      rule: 'a sweep of its own, or the folder of one to go on with',
      got: `--resume ${run.resume}`,
      fix: 'Leave --resume out, or --sweep',
    });
  }

  const plan = await planOf(data, settings, run, io);
  io.note(describe(plan));
  const outcome = await runTraining(plan, run, io);
  const { folder } = plan;
  if (run.json) {
    io.out(`${jsonOf(plan, outcome)}\n`);
  } else {
    for (const line of outcome.curve) io.note(line);
    io.out(`${summaryOf(outcome)}\n`);
  }
  if (outcome.stopped) {
    io.note(`Stopped and saved. To go on: headlight train --resume ${quoted(folder)}`);
    return exitCode.interrupted;
  }
  const best = quoted(outcome.bestFolder);
  if (outcome.bestFolder !== folder) io.note(`Validation loss was lowest at ${outcome.bestValLoss.toFixed(4)}: that model is in ${best}`);
  const { prompt, more } = trialOf(plan);
  // A model with attention to look at keeps keys; of others, the list of sites says what there is.
  const look = plan.model.cache === undefined ? `sites ${best}` : `attend ${best} --text ${prompt} --html attention.html`;
  io.note(`Next:\n  headlight generate ${best} --prompt ${prompt}${more}\n  headlight ${look}`);
  return exitCode.done;
}

function planOf(data: readonly string[], settings: SettingFlags, run: RunFlags, io: CommandIo): Promise<TrainingPlan> {
  const options = { cache: run.cache, note: (line: string) => io.note(line) };
  if (run.resume !== undefined) return planResumedRun(run.resume, settings, data, { ...options, out: run.out });
  return planNewRun(data, settings, run.out, options);
}

/** What to try the model with: of a task, a question that it was not taught, and as many tokens as its answer has. */
function trialOf({ example, tokenizer }: TrainingPlan): { readonly prompt: string; readonly more: string } {
  if (example === undefined) return { prompt: '"…"', more: '' };
  const length = tokenizer.encode(example.answer, { specialTokens: false }).length;
  return { prompt: quoted(example.prompt), more: ` --max-new-tokens ${length} --temperature 0` };
}

/** A closed set of questions is counted; of others there are more than anybody will see. */
const mostRows = 1e9;

function describe({ model, data, resume, folder, settings }: TrainingPlan): string {
  const learned = settings.task === '' ? 'tokens to learn from' : 'rows to learn from';
  const rows = settings.task !== '' && data.size > mostRows ? `ever new ${learned}` : `${data.size.toLocaleString('en')} ${learned}`;
  const begun = resume ? `going on from step ${resume.point.step} of` : 'training in';
  return `${begun} ${folder}: ${model.parameterCount.toLocaleString('en')} parameters, ${rows}`;
}

function jsonOf({ folder }: TrainingPlan, { curve: _, attentionEntropy: __, bestFolder, ...outcome }: TrainingOutcome): string {
  return JSON.stringify({ ...outcome, out: folder, best: bestFolder });
}

/** Without what is undefined, which would hide a config file's. */
function defined<T extends object>(values: T): T {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as T;
}
