import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { dotPlot } from '#dist/cli/bench/plot/dot-plot.js';
import { type BenchRecord, plotBench } from '#dist/cli/bench/plot/plot.js';
import { figurePictures } from '../../tools/plot-figures.mjs';
import { within } from './command.js';

const words = { title: 'A & B', axis: 'times', baseline: { at: 1, name: 'as <fast>' }, text: (x: number) => x.toFixed(3) };

/** Where things stand across: the baseline, and each row's dot and ends. */
function positions(svg: string): { readonly line: number; readonly rows: { low: number; dot: number; high: number }[] } {
  const numbers = (pattern: RegExp): number[][] => [...svg.matchAll(pattern)].map((m) => m.slice(1).map(Number));
  const ends = numbers(/<path d="M([\d.]+) [\d.]+H([\d.]+)" stroke="#\w+" stroke-width="2"\/><circle cx="([\d.]+)"/g);
  const [line = []] = numbers(/<path d="M([\d.]+) [\d.]+V[\d.]+" stroke="#333"/g);
  return { line: line[0] ?? Number.NaN, rows: ends.map(([low = 0, high = 0, dot = 0]) => ({ low, dot, high })) };
}

describe('dots over a logarithmic axis', () => {
  test('equal ratios are equal distances, and everything is inside the frame', () => {
    const value = fc.double({ min: 0.01, max: 1000, noNaN: true });
    fc.assert(
      fc.property(value, value, fc.double({ min: 1, max: 4, noNaN: true }), (a, b, spread) => {
        const rows = [a, b].map((x, i) => ({ name: `row ${i}`, value: x, low: x / spread, high: x * spread }));
        const { line, rows: found } = positions(dotPlot([{ rows }], words));
        const [one, two] = found as [(typeof found)[number], (typeof found)[number]];
        for (const { low, dot, high } of found) {
          expect(dot - low).toBeCloseTo(high - dot, -0.3); // a tenth of a pixel is written
          expect(low).toBeGreaterThanOrEqual(300);
          expect(high).toBeLessThanOrEqual(650);
        }
        // log a − log b and log a − log 1 on one scale.
        const scale = two.dot - one.dot;
        expect(scale * Math.log(a)).toBeCloseTo((one.dot - line) * Math.log(b / a), -1.5);
      }),
    );
  });

  test('text is told, escaped, and coloured by its side of the baseline', () => {
    const svg = dotPlot(
      [
        {
          heading: 'over <x>',
          rows: [
            { name: 'slow & sure', value: 0.5 },
            { name: 'quick', value: 2, low: 1.5, high: 3 },
          ],
        },
      ],
      words,
    );
    for (const text of ['A &amp; B', 'as &lt;fast>', 'over &lt;x>', 'slow &amp; sure', '>0.500<', '>2.000 (1.500 to 3.000)<'])
      expect(svg).toContain(text);
    const colours = [...svg.matchAll(/r="4" fill="(#\w+)"/g)].map(([, colour]) => colour);
    expect(new Set(colours).size).toBe(2);
  });
});

test('the pictures of the docs are what the recorded figures draw', () => {
  const folder = fileURLToPath(new URL('../../docs/pictures/', import.meta.url));
  const drawn = figurePictures();
  expect(drawn.size).toBeGreaterThan(3);
  for (const [name, svg] of drawn) expect(readFileSync(join(folder, name), 'utf8') === svg, `${name}: npm run docs:plots`).toBe(true);
});

test('every recorded figure says when and where it was measured, and tells what it draws', () => {
  const folder = fileURLToPath(new URL('../../docs/figures/', import.meta.url));
  for (const name of readdirSync(folder)) {
    const record = JSON.parse(readFileSync(join(folder, name), 'utf8')) as { date: string; machine: unknown };
    expect(new Date(record.date).getFullYear()).toBeGreaterThan(2025);
    expect(JSON.stringify(record.machine)).toMatch(/EPYC|Xeon|Core|Ryzen|M\d/);
  }
});

describe('records', () => {
  const summary = (median: number) => ({ median, min: median / 2, max: 2 * median, p90: median, count: 3 });

  test('a ratio of times becomes how many times as fast, its spread turned round', () => {
    const paired = summary(0.8);
    const svg = plotBench({
      bench: 'attention',
      torch: { torch: '1.13' },
      cases: [{ shape: { causal: true }, timing: { paired } }],
    } as BenchRecord);
    expect(svg).toContain('>1.25 (0.63 to 2.50)<');
    expect(svg).toContain('over PyTorch 1.13');
  });

  test('rounds of llama.cpp are divided one by one', () => {
    const times = { tokens: { ours: [10, 20], 'llama.cpp F32': [20, 20], 'ours, plain': [10, 40] } };
    const svg = plotBench({ bench: 'llama-cpp', models: { gpt2: { times } } } as BenchRecord);
    expect(svg).toContain('>1.50 (1.00 to 2.00)<');
    expect(svg.match(/r="4"/g)).toHaveLength(2);
  });

  test('peers that were not measured are left out', () => {
    const results = { a: { version: '1', ratio: 40, ratios: summary(40) }, b: { missing: 'not installed' } };
    expect(plotBench({ bench: 'training-peers', results } as BenchRecord).match(/r="4"/g)).toHaveLength(1);
  });

  test.each([
    ['name', { bench: 'quantum' }],
    ['value', { bench: 'training-peers', results: { a: { missing: 'not installed' } } }],
    ['value', { bench: 'length', rows: [] }],
    ['value', { bench: 'reach', rows: [] }],
  ])('refused with %s', (code, record) => {
    expect(() => plotBench(record as BenchRecord)).toThrow(expect.objectContaining({ code }));
  });
});

test('bench --plot draws beside the table; a place that cannot be written is refused before any work', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'headlight-plot-'));
  try {
    const file = join(folder, 'lens.svg');
    const done = await within('bench', 'lens', '--small', '--threads', '1', '--plot', file, '--json');
    expect(done.code).toBe(0);
    expect(readFileSync(file, 'utf8')).toMatch(/^<svg [\s\S]*with every pattern/);
    expect(done.json().bench).toBe('lens');
    const refused = await within('bench', 'lens', '--small', '--plot', folder);
    expect(refused.code).toBe(2);
    expect(refused.err.trim().split('\n')).toHaveLength(1);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
