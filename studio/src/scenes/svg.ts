import { escapeXml } from '#dist/lens/picture/escape.js';
import { colourOf, levelOf, RAMPS } from '#dist/lens/picture/ramp.js';
import { MONO, SANS } from './fonts.js';
import type { Heat, Label, Line, Mark, Rect, Scene } from './scene.js';
import { colour, inkOver, type ThemeName } from './theme.js';

/** A scene as an SVG file: the same marks, in the same order, as vectors. */
export function sceneSvg(scene: Scene, theme: ThemeName, description = ''): string {
  const { width, height, title } = scene;
  const body = scene.marks.map((mark) => markSvg(mark, theme)).join('\n');
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${n(width)}" height="${n(height)}" viewBox="0 0 ${n(width)} ${n(height)}" role="img">
<title>${escapeXml(title)}</title>${description ? `<desc>${escapeXml(description)}</desc>` : ''}
<rect width="100%" height="100%" fill="${colour(theme, 'panel')}"/>
${body}
</svg>
`;
}

function markSvg(mark: Mark, theme: ThemeName): string {
  if (mark.kind === 'heat') return heatSvg(mark, theme);
  if (mark.kind === 'rect') return rectSvg(mark, theme);
  if (mark.kind === 'line') return lineSvg(mark, theme);
  return labelSvg(mark, theme);
}

/** One path a colour, neighbours of one colour in a row merged. */
function heatSvg(heat: Heat, theme: ThemeName): string {
  const { rows, columns, values, top, maskedFrom } = heat;
  const paths = new Map<string, string[]>();
  for (let row = 0; row < rows; row++) {
    const end = Math.max(0, Math.min(columns, row + maskedFrom));
    for (let column = 0; column < end; ) {
      const shade = colourAt(values[row * columns + column] ?? 0, top, theme);
      let run = 1;
      while (column + run < end && colourAt(values[row * columns + column + run] ?? 0, top, theme) === shade) run++;
      const path = paths.get(shade) ?? [];
      if (path.length === 0) paths.set(shade, path);
      if (shade !== '') path.push(`M${column} ${row}h${run}v1h-${run}z`);
      column += run;
    }
  }
  paths.delete('');
  const cells = Array.from(paths, ([fill, path]) => `<path fill="${fill}" d="${path.join('')}"/>`).join('');
  return `<g transform="translate(${n(heat.x)} ${n(heat.y)}) scale(${heat.width / columns} ${heat.height / rows})" shape-rendering="crispEdges">${cells}</g>`;
}

/** A cell's colour; none for what is masked. */
function colourAt(value: number, top: number, theme: ThemeName): string {
  return Number.isFinite(value) ? colourOf(RAMPS[theme], top > 0 ? levelOf(value, top) : 0, value < 0) : '';
}

function rectSvg(rect: Rect, theme: ThemeName): string {
  const fill = rect.fill === undefined ? 'none' : colour(theme, rect.fill);
  const stroke = rect.stroke === undefined ? '' : ` stroke="${colour(theme, rect.stroke)}" stroke-width="${n(rect.strokeWidth ?? 1)}"`;
  const radius = rect.radius ? ` rx="${n(rect.radius)}"` : '';
  return `<rect x="${n(rect.x)}" y="${n(rect.y)}" width="${n(rect.width)}" height="${n(rect.height)}"${radius} fill="${fill}"${stroke}${faint(rect.opacity)}/>`;
}

function lineSvg(line: Line, theme: ThemeName): string {
  const dash = line.dash ? ` stroke-dasharray="${line.dash.join(' ')}"` : '';
  return `<path d="${pathOf(line)}" fill="none" stroke="${colour(theme, line.stroke)}" stroke-width="${n(line.width)}" stroke-linejoin="round"${dash}${faint(line.opacity)}/>`;
}

function pathOf({ points, curve }: Line): string {
  const p = Array.from(points, n);
  if (curve === 'segments') {
    const parts: string[] = [];
    for (let i = 0; i + 3 < p.length; i += 4) parts.push(`M${p[i]} ${p[i + 1]}L${p[i + 2]} ${p[i + 3]}`);
    return parts.join('');
  }
  const letter = curve === 'cubic' ? 'C' : curve === 'quadratic' ? 'Q' : 'L';
  return `M${p[0]} ${p[1]}${letter}${p.slice(2).join(' ')}`;
}

function labelSvg(label: Label, theme: ThemeName): string {
  const fill = label.fill === 'over' ? inkOver(theme, label.on ?? { weight: 0, top: 1 }) : colour(theme, label.fill);
  const anchor = label.anchor && label.anchor !== 'start' ? ` text-anchor="${label.anchor}"` : '';
  const at = label.upwards ? `transform="translate(${n(label.x)} ${n(label.y)}) rotate(-90)"` : `x="${n(label.x)}" y="${n(label.y)}"`;
  return `<text ${at} font-family="${escapeXml(label.mono ? MONO : SANS)}" font-size="${n(label.size)}"${label.bold ? ' font-weight="650"' : ''} fill="${fill}"${anchor} xml:space="preserve">${escapeXml(label.text)}</text>`;
}

function faint(opacity: number | undefined): string {
  return opacity === undefined || opacity === 1 ? '' : ` opacity="${n(opacity)}"`;
}

function n(value: number): number {
  return Number(value.toFixed(2));
}
