import { expect, test } from 'vitest';
import { colourOf, LEVELS, levelOf, RAMPS } from '#dist/lens/picture/ramp.js';
import { heatPixels } from '../../../studio/src/scenes/heat-pixels.js';
import { matrixScene } from '../../../studio/src/scenes/matrix.js';
import type { Heat, Scene } from '../../../studio/src/scenes/scene.js';
import { sceneSvg } from '../../../studio/src/scenes/svg.js';

const values = Float32Array.of(1, 0.5, 0, 0.25, 0.75, 0.5, 0.3, 0.3, 0.4);
const heat: Heat = { kind: 'heat', x: 0, y: 0, width: 30, height: 30, rows: 3, columns: 3, values, top: 1, maskedFrom: 1 };

/** `#rrggbb` of a pixel; empty for a transparent one. */
function hex(pixel: number): string {
  if (pixel >>> 24 === 0) return '';
  const [red, green, blue] = [pixel & 255, (pixel >> 8) & 255, (pixel >> 16) & 255];
  return `#${[red, green, blue].map((part) => part.toString(16).padStart(2, '0')).join('')}`;
}

test.each(['light', 'dark'] as const)('pixels have the colours of the scale, %s; masked cells and −∞ are clear', (theme) => {
  const signed = Float32Array.of(
    ...Array.from({ length: LEVELS }, (_, i) => (i / (LEVELS - 1)) ** 2 * (i % 2 ? -3 : 3)),
    Number.NEGATIVE_INFINITY,
  );
  const pixels = heatPixels({ rows: 1, columns: signed.length, values: signed, top: 3, maskedFrom: Number.POSITIVE_INFINITY }, theme);
  signed.forEach((value, i) => {
    const wanted = Number.isFinite(value) ? colourOf(RAMPS[theme], levelOf(value, 3), value < 0) : '';
    expect(hex(pixels[i] as number)).toBe(wanted);
  });
  expect(Array.from(heatPixels(heat, theme), (pixel) => hex(pixel) === '')).toEqual([
    false,
    true,
    true,
    false,
    false,
    true,
    false,
    false,
    false,
  ]);
});

test('SVG has the same cells as the pixels, each in its colour', () => {
  const scene: Scene = { width: 30, height: 30, title: 'a & b', marks: [heat] };
  const svg = sceneSvg(scene, 'light', '<what>');
  const drawn = new Map<string, string>();
  for (const [, fill, path] of svg.matchAll(/<path fill="(#\w+)" d="([^"]+)"/g))
    for (const [, x, y, width] of (path as string).matchAll(/M(\d+) (\d+)h(\d+)/g))
      for (let i = 0; i < Number(width); i++) drawn.set(`${Number(x) + i} ${y}`, fill as string);
  const pixels = heatPixels(heat, 'light');
  for (let row = 0; row < 3; row++)
    for (let column = 0; column < 3; column++) expect(drawn.get(`${column} ${row}`) ?? '').toBe(hex(pixels[row * 3 + column] as number));
  expect(svg).toContain('<title>a &amp; b</title><desc>&lt;what&gt;</desc>');
});

test('a hostile token is text in an SVG, never markup', () => {
  const scene: Scene = {
    width: 9,
    height: 9,
    title: '',
    marks: [{ kind: 'text', x: 0, y: 9, text: '</text><script>alert(1)</script>', size: 9, fill: 'ink' }],
  };
  expect(sceneSvg(scene, 'dark')).not.toMatch(/<script/);
});

test('a matrix scene is a pure function: the same data, the same marks; its labels are the tokens of the rows that are seen', () => {
  const labels = Array.from({ length: 40 }, (_, i) => `t${i}`);
  const window = { rows: 40, columns: 40, width: 340, height: 340, left: 40, top: 40, cell: 20, scrollX: 100, scrollY: 200 };
  const data = {
    title: 'x',
    window,
    rowLabels: labels,
    columnLabels: labels,
    tiles: [],
    top: 1,
    causal: true,
    selected: { row: 12, column: 11 },
  };
  const scene = matrixScene(data);
  expect(matrixScene(structuredClone(data))).toEqual(scene);
  const texts = scene.marks.flatMap((mark) => (mark.kind === 'text' && mark.anchor === 'end' ? [mark.text] : []));
  expect(texts[0]).toBe('t10');
  expect(texts.at(-1)).toBe('t25');
  expect(
    scene.marks.filter((mark) => mark.kind === 'text' && mark.fill === 'accent').map((mark) => mark.kind === 'text' && mark.text),
  ).toEqual(['t12', 't11']);
});
