import { escaped } from './escaped.js';

/** A line of positive numbers. */
export interface LogLine {
  readonly name: string;
  readonly points: readonly { readonly x: number; readonly y: number }[];
  /** In degrees. */
  readonly hue: number;
  readonly dashed?: boolean;
}

const size = { width: 820, height: 480, left: 64, right: 170, top: 44, bottom: 48 };

/** Lines over two logarithmic axes as one self-contained SVG, named at their ends. @param words the title, and what the axes are */
export function logPlot(
  lines: readonly LogLine[],
  { title, x: below, y: unit }: { readonly title: string; readonly x: string; readonly y: string },
): string {
  const all = lines.flatMap((line) => line.points);
  const [xs, ys] = [range(all.map((p) => p.x)), range(all.map((p) => p.y))];
  const across = size.width - size.left - size.right;
  const px = (x: number) => size.left + ((Math.log2(x) - xs.low) / (xs.high - xs.low)) * across;
  const up = size.height - size.top - size.bottom;
  const py = (y: number) => size.height - size.bottom - ((Math.log2(y) - ys.low) / (ys.high - ys.low)) * up;
  const xTicks = Array.from({ length: Math.floor(xs.high) - Math.ceil(xs.low) + 1 }, (_, i) => 2 ** (Math.ceil(xs.low) + i));
  const [first, last] = [Math.ceil(ys.low * Math.log10(2)), Math.floor(ys.high * Math.log10(2))];
  const every = Math.ceil((last - first + 1) / 12);
  const yTicks = Array.from({ length: Math.floor((last - first) / every) + 1 }, (_, i) => first + i * every);
  const color = (hue: number) => `hsl(${Math.round(hue)} 65% 42%)`;

  // Names at the lines' ends, moved apart where they would lie on each other.
  let lowest = -Infinity;
  const names = lines
    .map(({ name, points, hue }) => ({ name, hue, x: px(points.at(-1)?.x ?? 1), y: py(points.at(-1)?.y ?? 1) }))
    .sort((a, b) => a.y - b.y)
    .map((end) => {
      lowest = Math.max(end.y, lowest + 13);
      return { ...end, at: lowest };
    });
  // What was moved below the frame moves up again, from the last on.
  let highest = size.height - 12;
  for (const name of names.toReversed()) {
    name.at = Math.min(name.at, highest);
    highest = name.at - 13;
  }

  const right = size.width - size.right;
  const parts = [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${size.width} ${size.height}" font-family="system-ui, sans-serif" font-size="12">`,
    `<title>${escaped(title)}</title>`,
    '<rect width="100%" height="100%" fill="white"/>',
    `<text x="${size.left}" y="20" font-size="14" font-weight="600">${escaped(title)}</text>`,
    ...yTicks.map((exponent) => {
      const y = py(10 ** exponent);
      const label = Math.abs(exponent) > 4 ? `1e${exponent}` : String(10 ** exponent);
      return `<path d="M${size.left} ${y.toFixed(1)}H${right}" stroke="#ddd"/><text x="${size.left - 8}" y="${(y + 4).toFixed(1)}" text-anchor="end" fill="#555">${label}</text>`;
    }),
    `<text x="${size.left - 8}" y="${size.top - 12}" text-anchor="end" fill="#555">${escaped(unit)}</text>`,
    ...xTicks.map(
      (x) => `<text x="${px(x).toFixed(1)}" y="${size.height - size.bottom + 18}" text-anchor="middle" fill="#555">${x}</text>`,
    ),
    `<text x="${(size.left + right) / 2}" y="${size.height - 10}" text-anchor="middle" fill="#555">${escaped(below)}</text>`,
    ...lines.map(({ points, hue, dashed }) => {
      const path = points.map((p) => `${px(p.x).toFixed(1)} ${py(p.y).toFixed(1)}`).join('L');
      return `<path d="M${path}" fill="none" stroke="${color(hue)}" stroke-width="1.8"${dashed ? ' stroke-dasharray="5 4"' : ''}/>`;
    }),
    ...names.map(
      ({ name, hue, x, y, at }) =>
        `<path d="M${x.toFixed(1)} ${y.toFixed(1)}L${right + 8} ${at.toFixed(1)}" stroke="${color(hue)}" stroke-width="0.6" stroke-dasharray="2 2"/><text x="${right + 12}" y="${(at + 4).toFixed(1)}" fill="${color(hue)}">${escaped(name)}</text>`,
    ),
    '</svg>',
  ];
  return `${parts.join('\n')}\n`;
}

/** Binary logarithms of the ends. */
function range(values: readonly number[]): { readonly low: number; readonly high: number } {
  return { low: Math.log2(Math.min(...values)), high: Math.log2(Math.max(...values)) };
}
