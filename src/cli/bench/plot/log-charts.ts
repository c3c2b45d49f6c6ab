import { fail } from '../../../core/index.js';
import type { LengthRow } from '../length/length.node.js';
import type { ReachRow } from '../models/reach.js';
import { logPlot } from './log-plot.js';

/** What of a bench of lengths is drawn over the length. */
export const lengthAxes = ['stepMs', 'forwardMs', 'stepMiB'] as const;
export type LengthAxis = (typeof lengthAxes)[number];

/** Every form's figures over the length. */
export function lengthChart(rows: readonly LengthRow[], y: LengthAxis, title: string): string {
  const lines = rows
    .map(({ form, points }, i) => ({
      name: form,
      hue: (360 * i) / rows.length,
      // Memory below a tenth of a MiB is none.
      points: points.map((p) => ({ x: p.length, y: Math.max(p[y], 0.1) })),
    }))
    .filter(({ points }) => points.length > 1);
  if (lines.length === 0) throw fail('value', { where: 'plot', rule: 'forms of two lengths at least', got: 'none' });
  return logPlot(lines, { title, x: 'positions', y: y === 'stepMiB' ? 'MiB' : 'ms' });
}

/**
 * The gradient's norm over the distance, relative to the first, of each model as it starts (dashed) and after training. A line
 * ends where the norm is zero or below 1e-20.
 */
export function reachChart(rows: readonly ReachRow[], title: string): string {
  const models = [...new Set(rows.map(({ model }) => model))];
  const lines = rows
    .map(({ model, when, distances, norms }) => {
      const points = distances.map((x, i) => ({ x, y: (norms[i] ?? 0) / (norms[0] ?? Number.NaN) }));
      const end = points.findIndex(({ y }) => !(y > 1e-20));
      return {
        name: when === 'initial' ? `${model}, at first` : `${model}, trained`,
        hue: (360 * models.indexOf(model)) / models.length,
        dashed: when === 'initial',
        points: end < 0 ? points : points.slice(0, end),
      };
    })
    .filter(({ points }) => points.length > 1);
  if (lines.length === 0) throw fail('value', { where: 'plot', rule: 'a gradient at two distances at least', got: 'none' });
  return logPlot(lines, { title, x: 'tokens back', y: '/ at 1' });
}
