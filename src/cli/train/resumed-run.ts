import { files } from '#files';
import { HeadlightError } from '../../core/index.js';
import { loadRecord, MetricsLog, type RunPoint } from '../../train/index.js';

/** Where a run goes on from. */
export interface ResumedRun {
  readonly point: RunPoint;
  readonly bestValLoss: number | null;
  readonly bestStep: number;
  /** The folder that holds the point. */
  readonly from: string;
  /** The run whose checkpoint `from` is, where it goes on in a new folder. */
  readonly run?: string;
}

/** The best model so far, and where it lies. */
export interface BestModel {
  readonly valLoss: number;
  readonly step: number;
  readonly folder: string;
}

export const bestFolder = 'best';
export const metricsFile = 'metrics.jsonl';
const modelFiles = ['config.json', 'generation_config.json', 'model.safetensors', 'tokenizer.json', 'tokenizer_config.json'];

/**
 * The best model of a run that goes on. Undefined where it is gone: behind a checkpoint the run may have found a better
 * one, which took its place, and which the resumed run will find again.
 */
export async function findBest({ point, bestValLoss, bestStep, from, run }: ResumedRun): Promise<BestModel | undefined> {
  if (bestValLoss === null) return undefined;
  const folder = files.join(run ?? from, bestFolder);
  const isThere = (await files.stat(files.join(folder, 'model.safetensors'))).kind === 'file';
  if (isThere && (run === undefined || (await bestStepOf(run)) === bestStep)) return { valLoss: bestValLoss, step: bestStep, folder };
  return bestStep === point.step ? { valLoss: bestValLoss, step: bestStep, folder: from } : undefined;
}

/** Undefined of a damaged run: its checkpoints are whole all the same. */
async function bestStepOf(run: string): Promise<number | undefined> {
  try {
    return (await loadRecord(run)).bestStep;
  } catch (error) {
    if (error instanceof HeadlightError) return undefined;
    throw error;
  }
}

/** Copies a model and its tokenizer into a folder. */
export async function copyModel(from: string, to: string): Promise<void> {
  for (const name of modelFiles) await copyFile(files.join(from, name), files.join(to, name));
}

/** Gives the new folder of a run that goes on from a checkpoint what was measured until then. */
export async function copyMetrics({ run, point }: ResumedRun, to: string): Promise<void> {
  if (run === undefined) return;
  const metrics = files.join(to, metricsFile);
  await copyFile(files.join(run, metricsFile), metrics);
  await new MetricsLog(metrics).truncateAfter(point.step);
}

async function copyFile(from: string, to: string): Promise<void> {
  if ((await files.stat(from)).kind === 'file') await files.writeAtomic(to, files.readBlocks(from, 2 ** 22));
}
