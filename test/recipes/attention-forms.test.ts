import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const fileOf = (path: string): string => fileURLToPath(new URL(`../../${path}`, import.meta.url));

test('attention-forms is the code of the README, and its pattern is what its parts say', () => {
  const code = readFileSync(fileOf('recipes/attention-forms.mjs'), 'utf8');
  expect(readFileSync(fileOf('README.md'), 'utf8')).toContain(`\`\`\`js\n${code}\`\`\``);
  const out = execFileSync(process.execPath, [fileOf('recipes/attention-forms.mjs')], { encoding: 'utf8' });
  const rows = out
    .trim()
    .split('\n')
    .map((line) => line.split(' ').map(Number));
  expect(rows.map((row) => row.length)).toEqual([5, 5, 5, 5, 5]);
  const within = (i: number, j: number): boolean => j <= i && i - j < 3;
  rows.forEach((row, i) => {
    expect(row.reduce((a, b) => a + b, 0)).toBeCloseTo(1, 1);
    for (const [j, weight] of row.entries()) if (!within(i, j)) expect(weight).toBe(0);
  });
  // Sparsemax: some that might have weight have exactly none.
  expect(rows.flatMap((row, i) => row.filter((w, j) => within(i, j) && w === 0)).length).toBeGreaterThan(0);
});
