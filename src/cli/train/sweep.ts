import { files } from '#files';
import { fail, HeadlightError } from '../../core/index.js';
import { exitCode } from '../exit-code.js';
import type { CommandIo } from '../io.js';
import { checkNewFolder } from '../output-path.js';
import { planNewRun, planResumedRun, type TrainingPlan } from './plan.js';
import type { RunFlags, SettingFlags } from './settings.js';
import { gridOf, type SweepAxis, type SweepPoint } from './sweep-axes.js';
import { runTraining, type TrainingOutcome } from './training.js';

const sweepFile = 'sweep.json';

export interface SweepRequest {
  readonly data: readonly string[];
  readonly settings: SettingFlags;
  readonly run: RunFlags;
  readonly axes: readonly SweepAxis[];
}

/** What `sweep.json` keeps: the question, and the answers so far, by run. */
interface SweepRecord {
  readonly data: readonly string[];
  readonly settings: SettingFlags;
  readonly axes: readonly SweepAxis[];
  readonly finished: Record<string, SweepResult>;
}

interface SweepResult {
  readonly step: number;
  readonly trainLoss: number;
  readonly valLoss: number;
  readonly bestValLoss: number;
  readonly exactMatch?: number;
  readonly seconds: number;
  /** Why there are no losses, where a run failed. */
  readonly failed?: string;
}

/**
 * Runs every combination of settings, each into a folder of its own below the sweep's, and prints a table, best first.
 * A sweep that was stopped goes on with `--resume` of its folder: finished runs are kept, a half done one goes on.
 * A run whose numbers broke is a line of the table, not the end of the sweep.
 *
 * JSON: `out`, `runs`: a list of `name`, `settings`, `valLoss`, …, best first, and `stopped`.
 */
export async function sweepCommand(request: SweepRequest, io: CommandIo): Promise<number> {
  const folder = request.run.out ?? request.run.resume;
  if (folder === undefined)
    throw fail('value', { where: '--sweep', rule: 'a folder for the runs', got: 'none', fix: 'Name it with --out' });
  const record = request.run.resume === undefined ? await beginSweep(folder, request) : await readSweep(folder, request);
  const points = gridOf(record.axes);
  let stopped = false;
  for (const [i, point] of points.entries()) {
    if (record.finished[point.name] !== undefined) continue;
    io.note(`sweep, run ${i + 1} of ${points.length}: ${point.name}`);
    const result = await runOne(files.join(folder, point.name), record, point, request.run, io);
    if (result === undefined) {
      stopped = true;
      break;
    }
    record.finished[point.name] = result;
    await writeRecord(folder, record);
  }
  const ranked = points
    .flatMap((point) => (record.finished[point.name] ? [{ ...point, result: record.finished[point.name] as SweepResult }] : []))
    .sort((a, b) => rank(a.result) - rank(b.result));
  if (request.run.json) {
    const runs = ranked.map(({ name, settings, result }) => ({ name, settings, ...result }));
    io.out(`${JSON.stringify({ out: folder, runs, stopped })}\n`);
  } else {
    io.out(`${table(ranked).join('\n')}\n`);
  }
  if (!stopped) return exitCode.done;
  io.note(`Stopped and saved. To go on: headlight train --resume ${folder}`);
  return exitCode.interrupted;
}

/** Whether a folder is a sweep's. */
export async function isSweep(folder: string): Promise<boolean> {
  return (await files.stat(files.join(folder, sweepFile))).kind === 'file';
}

async function beginSweep(folder: string, { data, settings, axes }: SweepRequest): Promise<SweepRecord> {
  await checkNewFolder(folder);
  const record = { data, settings, axes, finished: {} };
  await files.makeFolder(folder);
  await writeRecord(folder, record);
  return record;
}

async function readSweep(folder: string, { data, settings, axes }: SweepRequest): Promise<SweepRecord> {
  const path = files.join(folder, sweepFile);
  if (data.length > 0 || Object.keys(settings).length > 0 || axes.length > 0) {
    throw fail('value', {
      where: `--resume ${folder}`,
      rule: 'a sweep goes on as it began',
      got: 'other settings or data',
      fix: 'Leave them out',
    });
  }
  try {
    const record = JSON.parse(await files.readText(path)) as SweepRecord;
    if (Array.isArray(record.axes) && Array.isArray(record.data) && typeof record.finished === 'object') return record;
  } catch (error) {
    if (error instanceof HeadlightError) throw error;
  }
  throw fail('checkpoint', { where: path, rule: "a sweep's record", got: 'another thing', fix: 'Start the sweep again in a new folder' });
}

function writeRecord(folder: string, record: SweepRecord): Promise<void> {
  return files.writeAtomic(files.join(folder, sweepFile), `${JSON.stringify(record, null, 2)}\n`);
}

/** @returns undefined where it was stopped */
async function runOne(
  folder: string,
  { data, settings }: SweepRecord,
  point: SweepPoint,
  run: RunFlags,
  io: CommandIo,
): Promise<SweepResult | undefined> {
  const begun = (await files.stat(files.join(folder, 'trainer.json'))).kind === 'file';
  try {
    const options = { ...(run.cache !== undefined && { cache: run.cache }) };
    const plan: TrainingPlan = begun
      ? await planResumedRun(folder, {}, [], options)
      : await planNewRun(data, { ...settings, ...point.settings }, folder, options);
    return resultOf(await runTraining(plan, run, io));
  } catch (error) {
    if (!(error instanceof HeadlightError) || error.code !== 'numeric') throw error;
    io.note(error.message);
    const none = Number.NaN;
    return { step: 0, trainLoss: none, valLoss: none, bestValLoss: none, seconds: 0, failed: error.message };
  }
}

function resultOf(outcome: TrainingOutcome): SweepResult | undefined {
  if (outcome.stopped) return undefined;
  const { step, trainLoss, valLoss, bestValLoss, exactMatch, seconds } = outcome;
  return { step, trainLoss, valLoss, bestValLoss, ...(exactMatch !== undefined && { exactMatch }), seconds };
}

/** By validation loss; failed runs last. NaN became null where a record was read back. */
function rank({ bestValLoss, failed }: SweepResult): number {
  return failed === undefined ? bestValLoss : Number.POSITIVE_INFINITY;
}

function table(ranked: readonly { readonly name: string; readonly result: SweepResult }[]): string[] {
  const hasMatches = ranked.some(({ result }) => result.exactMatch !== undefined);
  const width = Math.max(8, ...ranked.map(({ name }) => name.length));
  const head = `${'settings'.padEnd(width)}  best val loss  val loss  training loss${hasMatches ? '  exact match' : ''}  seconds`;
  const rows = ranked.map(({ name, result }) => {
    if (result.failed !== undefined) return `${name.padEnd(width)}  failed: ${result.failed}`;
    const cells = [
      result.bestValLoss.toFixed(4).padStart(13),
      result.valLoss.toFixed(4).padStart(8),
      result.trainLoss.toFixed(4).padStart(13),
      ...(hasMatches ? [`${(100 * (result.exactMatch ?? 0)).toFixed(1)}%`.padStart(11)] : []),
      result.seconds.toFixed(1).padStart(7),
    ];
    return `${name.padEnd(width)}  ${cells.join('  ')}`;
  });
  return [head, ...rows];
}
