import { files } from '#files';
import {
  asPlainText,
  type EvaluationReport,
  type EventWriter,
  entropyMetrics,
  eventWriter,
  isEvaluation,
  isStep,
  type MetricsLine,
  MetricsLog,
  type Recovery,
  scalarsOf,
  type TrainReport,
} from '../../train/index.js';
import { type CurveSeries, lossCurve } from './curve.js';
import type { TrainingPlan } from './plan.js';
import { metricsFile } from './resumed-run.js';

const eventFolder = 'events';
/** Steps are written down once in so many. */
export const logEvery = 10;

/** What a run measures, in `metrics.jsonl` and, for TensorBoard, in `events`. */
export class RunLog {
  private constructor(
    private readonly metrics: MetricsLog,
    private readonly events: EventWriter,
  ) {}

  /** Of a run that goes on, forgets what was measured of steps that will be done again. */
  static async open({ folder, resume, isNew }: TrainingPlan): Promise<RunLog> {
    const metrics = new MetricsLog(files.join(folder, metricsFile));
    const step = resume?.point.step;
    const before = step === undefined ? [] : await metrics.truncateAfter(step);
    const events = await eventWriter(files.join(folder, eventFolder), step === undefined || isNew ? {} : { resumedFrom: step });
    // A new folder has the events of none of these yet.
    if (isNew) for (const line of before) if (isStep(line) || isEvaluation(line)) events.scalars(line.step, scalarsOf(line));
    return new RunLog(metrics, events);
  }

  step({ step, loss, lr, gradientNorm, updateRatio, tokensPerSecond }: TrainReport): void {
    const done = step + 1;
    if (step % logEvery !== 0) return;
    const rate = Math.round(tokensPerSecond);
    this.#put({ step: done, loss, lr, gradientNorm, ...(updateRatio !== undefined && { updateRatio }), tokensPerSecond: rate });
  }

  evaluation({ attentionEntropy = {}, ...report }: EvaluationReport, tokensPerSecond: number): void {
    const entropies = Object.entries(attentionEntropy).map(([site, values]) => entropyMetrics(site, values));
    const trainLoss = Number.isFinite(report.trainLoss) ? report.trainLoss : null;
    this.#put({ ...report, trainLoss, tokensPerSecond, ...Object.assign({}, ...entropies) });
  }

  sample(step: number, text: string): void {
    this.metrics.append({ step, event: 'sample', text });
    this.events.text(step, 'sample', asPlainText(text));
  }

  /** After a rollback the steps since are done again: what was measured of them goes. */
  async recovery({ kind, action, step, from, reason, spike, site }: Recovery): Promise<void> {
    if (action === 'rollback') {
      await this.metrics.truncateAfter(from);
      this.events.restart(from);
      this.metrics.append({ step: from, event: 'rollback', from: step, reason });
    } else if (kind === 'spike' && spike !== undefined) {
      this.metrics.append({ step: from, event: 'spike', ...spike, ...(site !== undefined && { site }) });
    }
    this.events.text(from, kind, asPlainText(reason));
  }

  /** What ends a run. */
  async fault(step: number, reason: string): Promise<void> {
    this.metrics.append({ step, event: 'fault', reason });
    this.events.text(step, 'fault', asPlainText(reason));
    await this.flush();
  }

  /** Resolves once all is written: before a state is, so that a folder never holds a state without its metrics. */
  async flush(): Promise<void> {
    await this.metrics.flush();
    await this.events.flush();
  }

  /** The run's losses as a picture for the terminal. */
  async curve(width: number, unicode: boolean): Promise<string[]> {
    const lines = await this.metrics.read();
    const train = lines.filter(isStep).map(({ step, loss }) => ({ step, value: loss }));
    const validation = lines.filter(isEvaluation).map(({ step, valLoss }) => ({ step, value: valLoss }));
    const series: CurveSeries[] = [
      { label: 'training', points: train },
      { label: 'validation', points: validation },
    ];
    return lossCurve(
      series.filter(({ points }) => points.length > 1),
      { width, height: 10, label: 'loss', unicode },
    );
  }

  #put(line: Extract<MetricsLine, { step: number }> & Parameters<typeof scalarsOf>[0]): void {
    this.metrics.append(line);
    this.events.scalars(line.step, scalarsOf(line));
  }
}
