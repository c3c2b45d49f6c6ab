import { files } from '#files';
import { isEvaluation, loadRecord, readMetrics } from '../../train/index.js';
import { metricsFile } from './resumed-run.js';
import type { TrainingOutcome } from './training.js';

/** What came of a run of a sweep: its losses, or why there are none. */
export type SweepResult = FinishedRun | { readonly failed: string };

interface FinishedRun {
  readonly failed?: never;
  readonly step: number;
  readonly trainLoss: number;
  readonly valLoss: number;
  readonly bestValLoss: number;
  readonly exactMatch?: number;
  /** Of the command that finished it. */
  readonly seconds?: number;
}

/** @returns undefined of a run that was stopped */
export function resultOf(outcome: TrainingOutcome): SweepResult | undefined {
  if (outcome.stopped) return undefined;
  const { step, trainLoss, valLoss, bestValLoss, exactMatch, seconds } = outcome;
  return { step, trainLoss, valLoss, bestValLoss, ...(exactMatch !== undefined && { exactMatch }), seconds };
}

/** The result of a run that is finished, but was killed before the sweep wrote it down; undefined of any other. */
export async function finishedResult(folder: string): Promise<SweepResult | undefined> {
  if ((await files.stat(files.join(folder, 'trainer.json'))).kind === 'missing') return undefined;
  const { step, settings, bestValLoss } = await loadRecord(folder);
  const last = (await readMetrics(files.join(folder, metricsFile))).filter(isEvaluation).at(-1);
  if (step !== settings.steps || last?.step !== step) return undefined;
  const { trainLoss, valLoss, exactMatch } = last;
  return {
    step,
    trainLoss: trainLoss ?? Number.NaN,
    valLoss,
    bestValLoss: bestValLoss ?? Number.NaN,
    ...(exactMatch !== undefined && { exactMatch }),
  };
}
