import type { LengthRow } from './length.node.js';

/** A table of text: one line a form, a column a length. */
export function lengthTable(rows: readonly LengthRow[]): string {
  const lengths = [...new Set(rows.flatMap(({ points }) => points.map((p) => p.length)))].sort((a, b) => a - b);
  const block = (
    title: string,
    value: (p: LengthRow['points'][number]) => number,
    exponent?: (row: LengthRow) => number | undefined,
  ): string[] => {
    const head = ['form', ...lengths.map(String), ...(exponent === undefined ? [] : ['T^'])];
    const body = rows.map((row) => {
      const cells = lengths.map((length) => {
        const point = row.points.find((p) => p.length === length);
        return point === undefined ? '–' : short(value(point));
      });
      return [row.form, ...cells, ...(exponent === undefined ? [] : [exponent(row)?.toFixed(2) ?? '–'])];
    });
    return [title, ...aligned([head, ...body]), ''];
  };
  return [
    ...block(
      'forward, ms',
      (p) => p.forwardMs,
      (row) => row.forwardExponent,
    ),
    ...block(
      'step with gradients, ms',
      (p) => p.stepMs,
      (row) => row.stepExponent,
    ),
    ...block('memory of a step, MiB', (p) => p.stepMiB),
    ...rows.flatMap(({ form, stopped }) => (stopped === undefined ? [] : [`${form}: ${stopped}`])),
  ].join('\n');
}

/** Three digits that count. */
function short(value: number): string {
  return value >= 100 ? value.toFixed(0) : value.toPrecision(3);
}

function aligned(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows.map((row) =>
    row
      .map((cell, i) => (i === 0 ? cell.padEnd(widths[i] as number) : cell.padStart(widths[i] as number)))
      .join('  ')
      .trimEnd(),
  );
}
