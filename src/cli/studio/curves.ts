import type { Curves } from '../../server/protocol/index.js';
import { isEvaluation, isEvent, isStep, type MetricsLine } from '../../train/index.js';

/** What a run has measured, in columns. A number that is not there is NaN. */
export function curvesOf(lines: readonly MetricsLine[]): Curves {
  const steps = lines.filter(isStep);
  const evaluations = lines.filter(isEvaluation);
  const column = <T>(rows: readonly T[], value: (row: T) => number | null | undefined): Float64Array =>
    Float64Array.from(rows, (row) => value(row) ?? Number.NaN);
  const events = lines.filter(isEvent);
  return {
    steps: {
      step: column(steps, (l) => l.step),
      loss: column(steps, (l) => l.loss),
      gradientNorm: column(steps, (l) => l.gradientNorm),
      lr: column(steps, (l) => l.lr),
      tokensPerSecond: column(steps, (l) => l.tokensPerSecond),
    },
    evaluations: {
      step: column(evaluations, (l) => l.step),
      trainLoss: column(evaluations, (l) => l.trainLoss),
      valLoss: column(evaluations, (l) => l.valLoss),
      exactMatch: column(evaluations, (l) => l.exactMatch),
    },
    samples: events.flatMap((l) => (l.event === 'sample' ? [{ step: l.step, text: l.text }] : [])),
    events: events.flatMap((l) =>
      l.event === 'sample' ? [] : [{ step: l.step, event: l.event, reason: 'reason' in l ? l.reason : `loss ${l.loss}` }],
    ),
  };
}
