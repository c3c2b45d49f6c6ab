import { files } from '#files';
import { HostArray } from '../../core/index.js';
import { type EvaluationReport, type RunPoint, saveRun, type TrainerRecord, type TrainingRun } from '../../train/index.js';
import type { TrainingPlan } from './plan.js';
import { bestFolder, copyMetrics, copyModel, findBest } from './resumed-run.js';

/** Temporary files this old are a killed run's, not one that is at work. */
const idleSeconds = 0;
const checkpoints = 'checkpoints';
/** Says which process is at work in the folder. */
export const lockFile = 'run.lock';

/**
 * Keeps a run's folder: the last state in it, so that it can go on; the best model in `best`; and, where they are asked
 * for, checkpoints of every so many steps in `checkpoints/step-N`, each a run folder of its own.
 */
export class RunKeeper {
  /** The lowest validation loss so far, and its step. */
  best: number;
  #bestStep: number;
  /** The step that the folder holds, and all that a record says of it. */
  #kept: number;
  #record = '';
  #release: () => Promise<void> = async () => {};
  readonly #plan: TrainingPlan;

  private constructor(plan: TrainingPlan, { step, best, bestStep }: { step: number; best: number; bestStep: number }) {
    this.#plan = plan;
    this.#kept = step;
    this.best = best;
    this.#bestStep = bestStep;
  }

  /** Makes the folder, whole from its first moment; of a run that goes on, clears what a kill left half done. */
  static async open(plan: TrainingPlan): Promise<RunKeeper> {
    const { folder, resume, isNew } = plan;
    const point = resume?.point ?? { step: 0, skipped: 0, losses: [], state: { parameters: valuesOf(plan), optimizer: {} } };
    const best = resume && (await findBest(resume));
    const keeper = new RunKeeper(plan, { step: point.step, best: best?.valLoss ?? Number.POSITIVE_INFINITY, bestStep: best?.step ?? -1 });
    // An average is kept in the weights' place; and the model beside the state may be of a later step.
    setValues(plan, point.state.average ?? point.state.parameters);
    if (isNew) {
      await files.writeFolderAtomic(folder, async (temporary) => {
        await keeper.#write(temporary, point);
        if (best) await copyModel(best.folder, files.join(temporary, bestFolder));
        if (resume) await copyMetrics(resume, temporary);
      });
      keeper.#release = await files.claim(files.join(folder, lockFile));
    } else {
      keeper.#release = await files.claim(files.join(folder, lockFile));
      for (const place of [folder, files.join(folder, bestFolder), files.join(folder, checkpoints)])
        if ((await files.stat(place)).kind === 'folder') await files.removeTemporaries(place, idleSeconds);
      await saveRun(folder, plan.model, plan.tokenizer, undefined, plan.endIds);
      if (best?.folder === folder) await copyModel(folder, files.join(folder, bestFolder));
    }
    setValues(plan, point.state.parameters);
    return keeper;
  }

  /** Keeps the model where it is the best so far. */
  async judge({ step, valLoss }: EvaluationReport): Promise<void> {
    if (!(valLoss < this.best)) return;
    const { folder, model, tokenizer, endIds } = this.#plan;
    const best = files.join(folder, bestFolder);
    await saveRun(best, model, tokenizer, undefined, endIds);
    this.best = valLoss;
    this.#bestStep = step;
  }

  /** Writes the state of a run; the model holds the values to keep. */
  async keep(run: TrainingRun): Promise<void> {
    const { folder, settings } = this.#plan;
    const point = await run.point();
    const record = JSON.stringify([point.step, point.skipped, this.#bestStep]);
    if (record === this.#record) return;
    // The copy comes first: a kill between the two makes the run come here again, and finds it.
    const isKept = settings.keepEvery > 0 && run.step > 0 && run.step % settings.keepEvery === 0;
    const checkpoint = files.join(folder, checkpoints, `step-${run.step}`);
    if (isKept && (await files.stat(checkpoint)).kind === 'missing')
      await files.writeFolderAtomic(checkpoint, (temporary) => this.#write(temporary, point));
    await this.#write(folder, point);
    this.#kept = run.step;
    this.#record = record;
    if (isKept) await this.#rotate();
  }

  /** Lets other processes work in the folder. */
  close(): Promise<void> {
    return this.#release();
  }

  /** Where the best model is. */
  get bestFolder(): string {
    return this.#bestStep === this.#kept || this.#bestStep < 0 ? this.#plan.folder : files.join(this.#plan.folder, bestFolder);
  }

  /** The step that is safe on the disk. */
  get kept(): number {
    return this.#kept;
  }

  #write(folder: string, { state, ...place }: RunPoint): Promise<void> {
    const { model, tokenizer, endIds, settings, dataRecord } = this.#plan;
    const bestValLoss = Number.isFinite(this.best) ? this.best : null;
    const record: TrainerRecord = { ...place, settings: { ...settings, data: dataRecord }, bestValLoss, bestStep: this.#bestStep };
    return saveRun(folder, model, tokenizer, { record, state }, endIds);
  }

  /** Removes the oldest checkpoints. */
  async #rotate(): Promise<void> {
    const { folder, settings } = this.#plan;
    if (settings.keep === 0) return;
    const parent = files.join(folder, checkpoints);
    const steps = (await files.list(parent)).flatMap((name) => /^step-(\d+)$/.exec(name)?.[1] ?? []).map(Number);
    const old = steps.sort((a, b) => b - a).slice(settings.keep);
    for (const step of old) await files.remove(files.join(parent, `step-${step}`));
  }
}

function valuesOf({ model }: TrainingPlan): Record<string, Float32Array> {
  return Object.fromEntries([...model.parameters()].map(([name, p]) => [name, p.value.data as Float32Array]));
}

function setValues({ model }: TrainingPlan, values: Readonly<Record<string, Float32Array>>): void {
  for (const [name, p] of model.parameters()) {
    const data = values[name];
    if (data !== undefined) p.value = new HostArray(data, p.shape, 'float32');
  }
}
