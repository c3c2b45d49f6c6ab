import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const recipe = fileURLToPath(new URL('../../recipes/attention-by-hand.mjs', import.meta.url));

/** The matrix under a title: names of columns, names of rows, cells as printed. */
function matrix(out: string, title: RegExp): { columns: string[]; rows: string[]; cells: string[][] } {
  const lines = out.split('\n');
  const at = lines.findIndex((line) => title.test(line));
  const end = lines.indexOf('', at);
  const [head = [], ...body] = lines.slice(at + 1, end).map((line) => line.trim().split(/\s+/));
  return { columns: head, rows: body.map(([name]) => name as string), cells: body.map(([, ...cells]) => cells) };
}

test('attention-by-hand prints every matrix with its names, and the library agrees', () => {
  const out = execFileSync(process.execPath, [recipe], { encoding: 'utf8' });
  const tokens = ['the', 'cat', 'sat'];
  const scores = matrix(out, /^scores/);
  expect(scores).toEqual({
    columns: tokens,
    rows: tokens,
    cells: [
      ['1', '2', '1'],
      ['2', '1', '1'],
      ['1', '3', '1'],
    ],
  });
  // Two scores of 1 and one of 2: e²/(2e + e²) = e/(2 + e).
  const top = (Math.E / (2 + Math.E)).toFixed(3);
  const rest = (1 / (2 + Math.E)).toFixed(3);
  expect(matrix(out, /^pattern/).cells.slice(0, 2)).toEqual([
    [rest, top, rest],
    [top, rest, rest],
  ]);
  expect(matrix(out, /^causal pattern/).cells.map((row) => row.filter((cell) => cell === '0').length)).toEqual([2, 1, 0]);
  expect(matrix(out, /^v:/)).toMatchObject({ columns: ['v1', 'v2', 'v3', 'v4'], rows: tokens });
  // Every line of a matrix is as long as the others.
  for (const block of out.trim().split('\n\n').slice(0, -1)) {
    expect(
      new Set(
        block
          .split('\n')
          .slice(1)
          .map((line) => line.length),
      ).size,
      block,
    ).toBe(1);
  }
  const agreed = [...out.matchAll(/^(\w+): the library says the same, (exactly|within [0-9]e-(?:7|8|9)|within [0-9]e-1\d)$/gm)];
  expect(agreed.map(([, name]) => name)).toEqual(['scores', 'pattern', 'output', 'causalPattern', 'causalOutput']);
});
