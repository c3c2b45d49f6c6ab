import type { ComparisonRow } from './compare.js';
import type { RateRow } from './rates.js';
import type { ReachRow } from './reach.js';
import type { StepTime } from './step-times.js';

/** Rows of text as columns of one width each, the first to the left. */
export function columns(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, c) => Math.max(...rows.map((row) => (row[c] ?? '').length)));
  const line = (row: readonly string[]): string =>
    row.map((cell, c) => (c === 0 ? cell.padEnd(widths[c] ?? 0) : cell.padStart(widths[c] ?? 0))).join('  ');
  return rows.map((row) => line(row).trimEnd()).join('\n');
}

/** A line a model: the loss at each rate on the short form of each task, with a star at the best. */
export function rateTable(rows: readonly RateRow[]): string {
  const tasks = [...new Set(rows.map(({ task }) => task))];
  const models = [...new Set(rows.map(({ model }) => model))];
  const rates = [...new Set(rows.flatMap(({ trials }) => trials.map(({ rate }) => rate)))].sort((a, b) => a - b);
  const cells = models.map((model) => [
    model,
    ...tasks.flatMap((task) => {
      const row = rows.find((r) => r.task === task && r.model === model);
      return rates.map((rate) => {
        const loss = row?.trials.find((trial) => trial.rate === rate)?.loss;
        return loss === undefined ? '–' : `${loss.toFixed(3)}${rate === row?.rate ? '*' : ' '}`;
      });
    }),
  ]);
  return columns([['loss on short forms', ...tasks.flatMap((task) => rates.map((rate) => `${task}, ${rate}`))], ...cells]);
}

/** A table for each task. */
export function comparisonTables(rows: readonly ComparisonRow[]): string {
  const tasks = [...new Set(rows.map(({ task }) => task))];
  const percent = (share: number): string => `${(100 * share).toFixed(0)}%`;
  return tasks
    .map((task) => {
      const own = rows.filter((row) => row.task === task);
      const distances = Object.keys(own[0]?.accuracyAt ?? {});
      const answers = own[0]?.accuracy === undefined ? [] : ['accuracy'];
      const head = [task, 'parameters', 'rate', 'loss', ...answers, ...distances.map((d) => `at ${d}`), 'seconds'];
      const cells = own.map(({ model, parameters, rate, loss, accuracy, accuracyAt, seconds }) => [
        model,
        String(parameters),
        String(rate),
        loss.toFixed(3),
        ...(accuracy === undefined ? [] : [percent(accuracy)]),
        ...distances.map((d) => percent(accuracyAt?.[Number(d)] ?? Number.NaN)),
        seconds.toFixed(1),
      ]);
      return columns([head, ...cells]);
    })
    .join('\n\n');
}

/** A line a model: a step's milliseconds on each task, and beside those of the baseline in the same round. */
export function stepTimeTable(times: readonly StepTime[]): string {
  const tasks = [...new Set(times.map(({ task }) => task))];
  const models = [...new Set(times.map(({ model }) => model))];
  const of = (model: string, task: string): StepTime | undefined => times.find((t) => t.model === model && t.task === task);
  const cells = models.map((model) => [
    model,
    ...tasks.flatMap((task) => [of(model, task)?.ms.toFixed(1) ?? '–', of(model, task)?.ratio.toFixed(2) ?? '–']),
  ]);
  return columns([['a training step', ...tasks.flatMap((task) => [`${task}, ms`, 'ratio'])], ...cells]);
}

/** One line a model and moment, the gradient's norm at each distance relative to that at the shortest. */
export function reachTable(rows: readonly ReachRow[]): string {
  const distances = rows[0]?.distances ?? [];
  const head = ['model', 'when', 'accuracy', `norm at ${distances[0] ?? 0}`, ...distances.slice(1).map((d) => `at ${d}`)];
  const cells = rows.map(({ model, when, accuracy, norms }) => [
    model,
    when,
    `${(100 * accuracy).toFixed(0)}%`,
    (norms[0] ?? Number.NaN).toExponential(1),
    ...norms.slice(1).map((norm) => (norm / (norms[0] ?? Number.NaN)).toExponential(1)),
  ]);
  return `${columns([head, ...cells])}\nFrom the second distance on, relative to the first.`;
}
