import type { SweepAxis, SweepPoint } from './sweep-axes.js';
import type { SweepResult } from './sweep-result.js';

/** A run of a sweep with what came of it. */
export type SweptRow = SweepPoint & SweepResult;

/** The runs that are done, best first: by exact match where there is one, else by the best validation loss; failed ones last. */
export function ranked(points: readonly SweepPoint[], finished: Readonly<Record<string, SweepResult>>): SweptRow[] {
  const rows = points.flatMap((point) => {
    const result = finished[point.name];
    return result === undefined ? [] : [{ ...point, ...result }];
  });
  return rows.sort((a, b) => {
    if (a.failed !== undefined || b.failed !== undefined) return Number(a.failed !== undefined) - Number(b.failed !== undefined);
    return (b.exactMatch ?? 0) - (a.exactMatch ?? 0) || lossOf(a.bestValLoss) - lossOf(b.bestValLoss);
  });
}

/** What is no number, which a record on a disk holds as null, ranks last. */
function lossOf(value: number): number {
  return Number.isFinite(value) ? value : Number.MAX_VALUE;
}

/** A line per run: a column for each setting that varies, then the results. */
export function sweepTable(axes: readonly SweepAxis[], rows: readonly SweptRow[]): string[] {
  const hasMatches = rows.some((row) => 'exactMatch' in row);
  const names = axes.map(({ name }) => name);
  const head = [...names, ...(hasMatches ? ['exact match'] : []), 'best val loss', 'val loss', 'training loss', 'seconds'];
  const cells = rows.map((row) => {
    const settings = names.map((name) => String(row.settings[name]));
    if (row.failed !== undefined) return settings;
    const { exactMatch = 0, bestValLoss, valLoss, trainLoss, seconds } = row;
    const matches = hasMatches ? [`${(100 * exactMatch).toFixed(1)}%`] : [];
    return [
      ...settings,
      ...matches,
      ...[bestValLoss, valLoss, trainLoss].map((x) => (Number.isFinite(x) ? x.toFixed(4) : '–')),
      seconds?.toFixed(1) ?? '',
    ];
  });
  const widths = head.map((title, i) => Math.max(title.length, ...cells.map((line) => line[i]?.length ?? 0)));
  const line = (texts: readonly string[]): string =>
    texts.map((text, i) => (i < names.length ? text.padEnd(widths[i] ?? 0) : text.padStart(widths[i] ?? 0))).join('  ');
  return [
    line(head).trimEnd(),
    ...rows.map(({ failed }, i) => `${line(cells[i] ?? [])}${failed === undefined ? '' : `  failed: ${failed}`}`.trimEnd()),
  ];
}
