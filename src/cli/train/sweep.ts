import { files } from '#files';
import { fail, HeadlightError } from '../../core/index.js';
import { exitCode } from '../exit-code.js';
import type { CommandIo } from '../io.js';
import { checkNewFolder } from '../output-path.js';
import type { PrepareOptions } from './data.js';
import { planNewRun, planResumedRun, type TrainingPlan } from './plan.js';
import { freeFolder } from './run-name.js';
import type { RunFlags, SettingFlags } from './settings.js';
import { quoted } from './shell.js';
import { gridOf, type SweepAxis, type SweepPoint } from './sweep-axes.js';
import { readSweep, type SweepRecord, writeSweep } from './sweep-record.js';
import { finishedResult, resultOf, type SweepResult } from './sweep-result.js';
import { ranked, sweepTable } from './sweep-table.js';
import { runTraining } from './training.js';

export interface SweepRequest {
  readonly data: readonly string[];
  readonly settings: SettingFlags;
  readonly run: RunFlags;
  readonly axes: readonly SweepAxis[];
}

/**
 * Runs every combination of settings, each into a folder of its own below the sweep's, and prints a table, best first.
 * All combinations are checked before the first begins. A sweep that was stopped goes on with `--resume` of its folder:
 * finished runs are kept, a half done one goes on. A run whose numbers break, or which the engine cannot do, is a line of
 * the table, not the end of the sweep.
 *
 * JSON: `out`, `runs`: a list of `name`, `settings`, `valLoss`, …, best first, and `stopped`.
 *
 * @returns the exit code: failed, where every run did
 */
export async function sweepCommand(request: SweepRequest, io: CommandIo): Promise<number> {
  const { run } = request;
  const prepare: PrepareOptions = { cache: run.cache, shelf: new Map() };
  const { folder, record } = await (run.resume === undefined ? beginSweep(request, prepare) : goOn(run.resume, request));
  const points = gridOf(record.axes);
  const interrupted = io.interrupted();
  for (const [i, point] of points.entries()) {
    if (record.finished[point.name] !== undefined) continue;
    if (interrupted.aborted) break;
    io.note(`sweep, run ${i + 1} of ${points.length}: ${point.name}`);
    const result = await runOne({ folder: files.join(folder, point.name), record, point, run, prepare }, io);
    if (result === undefined) break;
    record.finished[point.name] = result;
    await writeSweep(folder, record);
  }
  const stopped = points.some(({ name }) => record.finished[name] === undefined);
  const runs = ranked(points, record.finished);
  if (run.json) io.out(`${JSON.stringify({ out: folder, runs, stopped })}\n`);
  else if (runs.length > 0) io.out(`${sweepTable(record.axes, runs).join('\n')}\n`);
  if (stopped) {
    io.note(`Stopped and saved. To go on: headlight train --resume ${quoted(folder)}`);
    return exitCode.interrupted;
  }
  return runs.every(({ failed }) => failed !== undefined) ? exitCode.failed : exitCode.done;
}

interface OpenSweep {
  readonly folder: string;
  readonly record: SweepRecord;
}

/** @throws every kind of bad input, of any combination, before anything is written */
async function beginSweep({ data, settings, axes, run }: SweepRequest, prepare: PrepareOptions): Promise<OpenSweep> {
  const folder = run.out ?? (await freeFolder('sweep'));
  await checkNewFolder(folder);
  for (const { name, settings: point } of gridOf(axes))
    await planNewRun(data, { ...settings, ...point }, files.join(folder, name), prepare);
  const record = { data, settings, axes, finished: {} };
  await files.writeFolderAtomic(folder, (temporary) => writeSweep(temporary, record));
  return { folder, record };
}

/** @throws value: anything said that the sweep has settled */
async function goOn(folder: string, { data, settings, axes, run }: SweepRequest): Promise<OpenSweep> {
  const isElsewhere = run.out !== undefined && files.resolve(run.out) !== files.resolve(folder);
  const said = [
    ...(data.length > 0 ? ['data'] : []),
    ...Object.keys(settings),
    ...(axes.length > 0 ? ['sweep'] : []),
    ...(isElsewhere ? ['out'] : []),
  ];
  if (said.length > 0) {
    const rule = 'a sweep that goes on as it began';
    throw fail('value', { where: `--resume ${folder}`, rule, got: said.join(', '), fix: 'Leave them out' });
  }
  return { folder, record: await readSweep(folder) };
}

interface SweptRun extends OpenSweep {
  readonly point: SweepPoint;
  readonly run: RunFlags;
  readonly prepare: PrepareOptions;
}

/** @returns undefined where it was stopped */
async function runOne({ folder, record, point, run, prepare }: SweptRun, io: CommandIo): Promise<SweepResult | undefined> {
  const finished = await finishedResult(folder);
  if (finished) return finished;
  const isBegun = (await files.stat(files.join(folder, 'trainer.json'))).kind === 'file';
  try {
    const plan: TrainingPlan = isBegun
      ? await planResumedRun(folder, {}, [], prepare)
      : await planNewRun(record.data, { ...record.settings, ...point.settings }, folder, prepare);
    return resultOf(await runTraining(plan, run, io));
  } catch (error) {
    if (!(error instanceof HeadlightError) || (error.code !== 'numeric' && error.code !== 'engine')) throw error;
    io.note(error.message);
    return { failed: error.message };
  }
}
