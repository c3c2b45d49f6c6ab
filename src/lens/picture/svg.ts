import { cellPaths, maskedPath } from './cell-paths.js';
import { escapeXml } from './escape.js';
import { colourOf, contrast, LEVELS, levelOf, RAMPS } from './ramp.js';
import { headCells, pooled, type Scene, THUMBNAIL_SIDE } from './scene.js';
import { tickText } from './tick-text.js';
import { columns, shorten } from './token-text.js';

/** Thumbnails leave out cells below this magnitude, and the caption says so. The large head draws every cell. */
const THUMBNAIL_FLOOR = 0.005;

const THEME = RAMPS.light;
const INK = '#1a2029';
const QUIET = '#5a6472';
const MASKED = '#e3e7ed';
const MARK = '#c2410c';
const MARGIN = 36;
const GRID_WIDTH = 400;
const GAP = 56;
// The least room for the large head, so that the line below it fits.
const LARGE_WIDTH = 500;
// Longer tokens are cut, with an ellipsis.
const WORD_LENGTH = 48;
const FONT = "ui-monospace, 'SF Mono', Menlo, Consolas, 'DejaVu Sans Mono', monospace";
// The advance of one column of the fonts above, as a part of their size, rounded up.
const ADVANCE = 0.61;

/** A part of the drawing, and the height it took. */
interface Part {
  readonly markup: string;
  readonly height: number;
}

/** The scene as one still SVG picture in the light theme: the text, all heads small, one head large, and the scale. */
export function sceneToSvg(scene: Scene): string {
  const length = scene.tokens.length;
  const cell = Math.max(8, Math.min(18, Math.floor(600 / length)));
  const edge = labelRoom(scene, cell);
  const width = Math.max(1000, MARGIN * 2 + GRID_WIDTH + GAP + Math.max(edge + cell * length, LARGE_WIDTH));
  const words = tokenText(scene, width - 2 * MARGIN);
  const below = 112 + words.height;
  const grid = thumbnails(scene);
  const scale = legend(scene);
  const large = largeHead(scene, cell, edge);
  const height = below + Math.max(grid.height + scale.height, large.height) + MARGIN;
  const site = scene.sites[scene.layer] ?? '';
  const description = `${scene.layers} layers with ${scene.heads} heads each over ${length} tokens; layer ${scene.layer}, head ${scene.head} (${site}) drawn large: rows are query tokens, columns key tokens, darker is a larger weight.`;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-labelledby="title desc" font-family="system-ui, 'Segoe UI', sans-serif" font-size="13" fill="${INK}">
<title id="title">${escapeXml(scene.title)}</title>
<desc id="desc">${escapeXml(description)}</desc>
<defs><pattern id="masked" width="5" height="5" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><path d="M0 0V5" stroke="#cfd6df" stroke-width="2"/></pattern></defs>
<rect width="100%" height="100%" fill="#ffffff"/>
${label(MARGIN, 52, shorten(scene.title, 60), 'font-size="21" font-weight="650"')}
${label(MARGIN, 74, shorten(scene.model, 120), `fill="${QUIET}"`)}
<g transform="translate(${MARGIN} 96)">${words.markup}</g>
<g transform="translate(${MARGIN} ${below})">${grid.markup}</g>
<g transform="translate(${MARGIN} ${below + grid.height})">${scale.markup}</g>
<g transform="translate(${MARGIN + GRID_WIDTH + GAP} ${below})">${large.markup}</g>
</svg>
`;
}

function label(x: number, y: number, text: string, attributes = ''): string {
  return `<text x="${round(x)}" y="${round(y)}"${attributes === '' ? '' : ` ${attributes}`}>${escapeXml(text)}</text>`;
}

/** The tokens in reading order, shaded by the large head's last query. */
function tokenText(scene: Scene, width: number): Part {
  const cells = headCells(scene, scene.layer, scene.head);
  const last = cells.side - 1;
  const [size, height] = [14, 24];
  const parts: string[] = [];
  let [x, y] = [0, 0];
  scene.shown.forEach((whole, index) => {
    const shown = shorten(whole, WORD_LENGTH);
    const room = columns(shown) * size * ADVANCE + 5;
    if (x > 0 && x + room > width) [x, y] = [0, y + height];
    const weight = cells.weights[last * cells.side + index] ?? 0;
    const fill = colourOf(THEME, levelOf(weight, scene.top), weight < 0);
    const ink = contrast(fill, '#ffffff') > contrast(fill, '#000000') ? '#ffffff' : '#000000';
    const outline = index === last ? ` stroke="${MARK}" stroke-width="1.5"` : '';
    parts.push(`<rect x="${round(x)}" y="${y}" width="${round(room - 1.5)}" height="20" rx="3" fill="${fill}"${outline}/>`);
    parts.push(label(x + room / 2 - 0.75, y + 15, shown, `text-anchor="middle" fill="${ink}"`));
    x += room;
    if (whole.endsWith('⏎')) [x, y] = [0, y + height];
  });
  const end = (x === 0 && y > 0 ? y : y + height) + 14;
  const caption = label(
    0,
    end,
    'Text, shaded by how much the outlined last token attends to each token in the large head.',
    `fill="${QUIET}"`,
  );
  return { markup: `<g font-family="${FONT}" font-size="${size}" xml:space="preserve">${parts.join('')}</g>${caption}`, height: end + 20 };
}

/** A row per layer, a column per head. */
function thumbnails(scene: Scene): Part {
  const [edge, gap, top] = [28, 6, 42];
  const side = Math.max(20, Math.min(88, Math.floor((GRID_WIDTH - edge) / scene.heads) - gap));
  const quiet = `fill="${QUIET}" font-size="12" text-anchor="middle"`;
  const parts = [label(0, 14, 'All heads', 'font-weight="650"')];
  for (let head = 0; head < scene.heads; head++) parts.push(label(edge + head * (side + gap) + side / 2, top - 8, `H${head}`, quiet));
  for (let layer = 0; layer < scene.layers; layer++) {
    const y = top + layer * (side + gap);
    parts.push(label(edge / 2 - 4, y + side / 2 + 4, `L${layer}`, quiet));
    for (let head = 0; head < scene.heads; head++) {
      const cells = pooled(headCells(scene, layer, head), THUMBNAIL_SIDE);
      const causal = scene.causal[layer]?.[head] ?? false;
      const mask = causal ? `<path fill="${MASKED}" d="${maskedPath(cells.side)}"/>` : '';
      const paths = cellPaths(cells, { theme: THEME, top: scene.top, skipBelow: THUMBNAIL_FLOOR, causal });
      const x = edge + head * (side + gap);
      parts.push(
        `<g transform="translate(${x} ${y}) scale(${round(side / cells.side, 5)})" shape-rendering="crispEdges"><title>Layer ${layer}, head ${head}</title><rect width="${cells.side}" height="${cells.side}" fill="${colourOf(THEME, 0, false)}"/>${mask}${paths}</g>`,
      );
      if (layer === scene.layer && head === scene.head)
        parts.push(
          `<rect x="${x - 2}" y="${y - 2}" width="${side + 4}" height="${side + 4}" rx="3" fill="none" stroke="${MARK}" stroke-width="2"/>`,
        );
    }
  }
  return { markup: parts.join('\n'), height: top + scene.layers * (side + gap) + 16 };
}

/** The colour scale, and what the picture leaves out. */
function legend(scene: Scene): Part {
  const width = GRID_WIDTH - 20;
  const stops: string[] = [];
  for (let level = scene.signed ? 1 - LEVELS : 0; level < LEVELS; level += 17) {
    const at = scene.signed ? (level / (LEVELS - 1) + 1) / 2 : level / (LEVELS - 1);
    stops.push(`<stop offset="${round(at, 4)}" stop-color="${colourOf(THEME, Math.abs(level), level < 0)}"/>`);
  }
  const ticks = scene.ticks.map((tick, index) => {
    const anchor = index === 0 ? 'start' : index === scene.ticks.length - 1 ? 'end' : 'middle';
    return label(tick.at * width, 28, tickText(tick.weight), `font-size="12" text-anchor="${anchor}"`);
  });
  const notes = ['Attention weight; colour by its square root.'];
  const masked = scene.causal.flat().some((causal) => causal);
  if (masked) notes.push('Above the diagonal, grey or hatched: masked, exactly 0.');
  notes.push(`The small pictures leave out weights below ${THUMBNAIL_FLOOR};`, 'the large one draws all.');
  if (scene.tokens.length > THUMBNAIL_SIDE) notes.push('Each of their squares is the largest weight of its block.');
  const lines = notes.map((note, index) => label(0, 52 + index * 18, note, `fill="${QUIET}"`));
  const bar = `<linearGradient id="scale">${stops.join('')}</linearGradient><rect width="${width}" height="12" rx="2" fill="url(#scale)" stroke="#d9dee5"/>`;
  return { markup: [bar, ...ticks, ...lines].join('\n'), height: 52 + notes.length * 18 };
}

/** Room for the labels along an edge of the large head. */
function labelRoom(scene: Scene, cell: number): number {
  return Math.ceil(Math.max(...scene.labels.map(columns)) * labelSize(cell) * ADVANCE) + 10;
}

function labelSize(cell: number): number {
  return Math.min(12, cell - 0.5);
}

function largeHead(scene: Scene, cell: number, edge: number): Part {
  const cells = headCells(scene, scene.layer, scene.head);
  const causal = scene.causal[scene.layer]?.[scene.head] ?? false;
  const size = cell * cells.side;
  const top = 24 + edge;
  const upright = scene.labels.every((text) => columns(text) === 1);
  const labels = scene.labels.map((text, index) => {
    const middle = (index + 0.5) * cell;
    const query = label(edge - 6, top + middle + labelSize(cell) * 0.35, text, 'text-anchor="end"');
    if (upright) return query + label(edge + middle, top - 6, text, 'text-anchor="middle"');
    const [x, y] = [round(edge + middle + labelSize(cell) * 0.35), round(top - 6)];
    return `${query}<text transform="translate(${x} ${y}) rotate(-90)">${escapeXml(text)}</text>`;
  });
  const paths = cellPaths(cells, { theme: THEME, top: scene.top, skipBelow: 0, causal });
  const lines = Array.from({ length: cells.side + 1 }, (_, index) => `M0 ${index * cell}H${size}M${index * cell} 0V${size}`).join('');
  // The staircase is drawn at full size, not scaled, so that the hatching keeps its width.
  const hatch = causal ? `<path fill="url(#masked)" d="${maskedPath(cells.side, cell)}"/>` : '';
  const white = causal ? `<path fill="#ffffff" d="${maskedPath(cells.side)}"/>` : '';
  return {
    markup: `${label(edge, 14, `Layer ${scene.layer}, head ${scene.head}`, 'font-weight="650"')}
<g font-family="${FONT}" font-size="${labelSize(cell)}" fill="${QUIET}" xml:space="preserve">${labels.join('\n')}</g>
<g transform="translate(${edge} ${top})"><g transform="scale(${cell})" shape-rendering="crispEdges"><rect width="${cells.side}" height="${cells.side}" fill="${colourOf(THEME, 0, false)}"/>${paths}${white}</g>
${hatch}<path d="${lines}" stroke="#ffffff" stroke-opacity="0.5" stroke-width="1" fill="none"/><rect width="${size}" height="${size}" fill="none" stroke="#d9dee5"/></g>
${label(edge, top + size + 22, 'Rows: query tokens, which look. Columns: key tokens, looked at.', `fill="${QUIET}"`)}`,
    height: top + size + 30,
  };
}

function round(value: number, digits = 2): number {
  return Number(value.toFixed(digits));
}
