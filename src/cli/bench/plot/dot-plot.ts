import { escaped } from './escaped.js';

/** A measured number with its spread, on a line of its own. */
export interface DotRow {
  readonly name: string;
  readonly value: number;
  /** Where there were several. */
  readonly low?: number;
  readonly high?: number;
  /** Whose it is, where the baseline's side says nothing. */
  readonly of?: 'ours' | 'another';
}

/** Rows under a heading. */
export interface DotGroup {
  readonly heading?: string;
  readonly rows: readonly DotRow[];
}

export interface DotPlotWords {
  readonly title: string;
  /** What the axis is. */
  readonly axis: string;
  /** The baseline: a line through all rows. */
  readonly baseline: { readonly at: number; readonly name: string };
  /** How a value is written. */
  readonly text: (value: number) => string;
}

const size = { width: 820, left: 300, right: 170, top: 66, bottom: 44, row: 22, heading: 26 };
/** Blue and orange: told apart by every kind of sight. */
const colours = { right: '#1f5fa8', left: '#c25e00', ours: '#1f5fa8', another: '#777' };

/**
 * Numbers with their spread over a logarithmic axis and the baseline they are to be read against, as one self-contained SVG.
 * @param groups of positive numbers, one at least
 */
export function dotPlot(groups: readonly DotGroup[], { title, axis, baseline, text }: DotPlotWords): string {
  const all = groups.flatMap(({ rows }) => rows.flatMap(({ value, low = value, high = value }) => [value, low, high]));
  const ends = [...all, baseline.at].map(Math.log10);
  // A little room, so that no dot lies on the frame.
  const room = Math.max(0.02, 0.04 * (Math.max(...ends) - Math.min(...ends)));
  const [from, to] = [Math.min(...ends) - room, Math.max(...ends) + room];
  const right = size.width - size.right;
  const px = (x: number): number => size.left + ((Math.log10(x) - from) / (to - from)) * (right - size.left);

  const body: string[] = [];
  let y = size.top;
  for (const { heading, rows } of groups) {
    if (heading !== undefined) {
      y += size.heading;
      body.push(`<text x="16" y="${y - 8}" font-weight="600">${escaped(heading)}</text>`);
    }
    for (const row of rows) {
      y += size.row;
      body.push(rowOf(row, y - size.row / 2));
    }
  }
  const height = y + size.bottom;
  return `${[
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${size.width} ${height}" font-family="system-ui, sans-serif" font-size="12">`,
    `<title>${escaped(title)}</title>`,
    '<rect width="100%" height="100%" fill="white"/>',
    `<text x="16" y="22" font-size="14" font-weight="600">${escaped(title)}</text>`,
    ...ticks(10 ** from, 10 ** to).map((tick) => {
      const x = px(tick).toFixed(1);
      return `<path d="M${x} ${size.top}V${y}" stroke="#e4e4e4"/><text x="${x}" y="${y + 16}" text-anchor="middle" fill="#555">${tick}</text>`;
    }),
    `<path d="M${px(baseline.at).toFixed(1)} ${size.top - 6}V${y}" stroke="#333" stroke-width="1.4"/>`,
    `<text x="${px(baseline.at).toFixed(1)}" y="${size.top - 12}" text-anchor="middle" fill="#333">${escaped(baseline.name)}</text>`,
    `<text x="${(size.left + right) / 2}" y="${height - 8}" text-anchor="middle" fill="#555">${escaped(axis)}</text>`,
    ...body,
    '</svg>',
  ].join('\n')}\n`;

  function rowOf({ name, value, low = value, high = value, of }: DotRow, middle: number): string {
    const colour = colours[of ?? (value >= baseline.at ? 'right' : 'left')];
    const spread = low < high ? ` (${text(low)} to ${text(high)})` : '';
    const at = middle.toFixed(1);
    const base = (middle + 4).toFixed(1);
    return [
      `<text x="${size.left - 10}" y="${base}" text-anchor="end">${escaped(name)}</text>`,
      `<path d="M${px(low).toFixed(1)} ${at}H${px(high).toFixed(1)}" stroke="${colour}" stroke-width="2"/>`,
      `<circle cx="${px(value).toFixed(1)}" cy="${at}" r="4" fill="${colour}"/>`,
      `<text x="${right + 8}" y="${base}" fill="${colour}">${escaped(text(value) + spread)}</text>`,
    ].join('');
  }
}

/** Round numbers of an axis: 1, 2, 5, 10, …, finer where it is short, coarser where it is long. */
function ticks(from: number, to: number): number[] {
  const decades = Math.log10(to / from);
  const steps = decades > 3.5 ? [1] : decades > 0.9 ? [1, 2, 5] : [1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 7, 8, 9];
  const found: number[] = [];
  for (let power = Math.floor(Math.log10(from)); power <= Math.log10(to); power++) {
    found.push(...steps.map((step) => Number((step * 10 ** power).toPrecision(2))).filter((tick) => tick >= from && tick <= to));
  }
  return found;
}
