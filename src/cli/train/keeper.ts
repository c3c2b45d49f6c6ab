import { files } from '#files';
import { saveModel } from '../../checkpoints/index.js';
import type { EvaluationReport, TrainingState } from '../../train/index.js';
import { appendMetrics, saveRun } from '../../train/index.js';
import type { TrainingPlan } from './plan.js';

const metricsFile = 'metrics.jsonl';
/** What makes a checkpoint without the means to resume. */
const modelFiles = ['model.safetensors', 'config.json', 'generation_config.json', 'tokenizer.json', 'tokenizer_config.json'];

/**
 * Keeps a run's folder: the last state in it, so that it can go on; and where an earlier model was better, that model in
 * its folder `best`.
 */
export class RunKeeper {
  /** The lowest validation loss so far. */
  best: number;
  /** Whether the model in the run's own folder is the best one. */
  #bestIsLast: boolean;
  /** The step that the folder holds. */
  #kept: number | undefined;
  readonly #plan: TrainingPlan;

  private constructor(plan: TrainingPlan, best: number, bestIsLast: boolean) {
    this.#plan = plan;
    this.best = best;
    this.#bestIsLast = bestIsLast;
    this.#kept = plan.resume?.step;
  }

  /** Makes the folder. Of a resumed run, forgets metrics of steps that will be done again. */
  static async open(plan: TrainingPlan): Promise<RunKeeper> {
    const { folder, resume } = plan;
    await files.makeFolder(folder);
    if (resume === undefined) return new RunKeeper(plan, Number.POSITIVE_INFINITY, false);
    const path = files.join(folder, metricsFile);
    const lines = (await files.stat(path)).kind === 'file' ? (await files.readText(path)).split('\n') : [];
    const known = lines.flatMap((line) => metricsOf(line, resume.step));
    await files.writeAtomic(path, known.map((metrics) => `${JSON.stringify(metrics)}\n`).join(''));
    // A run that was killed while it saved has half-written files, and the model of a later step beside its state.
    for (const name of await files.list(folder)) if (/\.[0-9a-f]{12}\.tmp$/.test(name)) await files.remove(files.join(folder, name));
    await saveModel(folder, plan.model);
    const best = resume.bestValLoss ?? Number.POSITIVE_INFINITY;
    return new RunKeeper(plan, best, known.at(-1)?.valLoss === best);
  }

  /** Writes the state after an evaluation; metrics first, so that a folder never holds a state without its metrics. */
  async keep(report: EvaluationReport, state: TrainingState, others: Readonly<Record<string, number>>): Promise<void> {
    if (report.step === this.#kept) return;
    const { folder, model, tokenizer, settings, dataRecord } = this.#plan;
    const { step, trainLoss, valLoss } = report;
    await appendMetrics(folder, { step, trainLoss, valLoss, ...others });
    const isBest = valLoss < this.best;
    if (isBest) this.best = valLoss;
    else if (this.#bestIsLast) await this.#copyToBest();
    const bestValLoss = Number.isFinite(this.best) ? this.best : null;
    await saveRun(folder, model, tokenizer, { record: { step, settings: { ...settings, data: dataRecord }, bestValLoss }, state });
    if (isBest && !this.#bestIsLast) await files.remove(files.join(folder, 'best'));
    this.#bestIsLast = isBest;
    this.#kept = step;
  }

  /** Where the best model is. */
  get bestFolder(): string {
    return this.#bestIsLast ? this.#plan.folder : files.join(this.#plan.folder, 'best');
  }

  async #copyToBest(): Promise<void> {
    const { folder } = this.#plan;
    for (const name of modelFiles)
      await files.writeAtomic(files.join(folder, 'best', name), await files.readBytes(files.join(folder, name)));
  }
}

/** A line's metrics, if it is whole and not of a step after `last`. */
function metricsOf(line: string, last: number): { step: number; valLoss: unknown }[] {
  try {
    const metrics = JSON.parse(line) as { step: number; valLoss: unknown };
    return metrics.step <= last ? [metrics] : [];
  } catch {
    return []; // the run was killed while it wrote this line
  }
}
