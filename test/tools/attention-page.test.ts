import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { forms } from '#dist/attention/index.js';
import { attentionPage } from '../../tools/attention-page.mjs';

const root = fileURLToPath(new URL('../../', import.meta.url));
const page = readFileSync(`${root}docs/attention.md`, 'utf8');
const all = Object.values(forms).flat();

test('docs/attention.md is what the declarations say', () => {
  expect(page, 'run `npm run docs:attention`').toBe(attentionPage(forms));
});

test('every form stands once in it', () => {
  const rows = page.split('\n').filter((line) => line.startsWith('| ['));
  expect(rows.map((row) => /^\| \[(.+?)\]\(/.exec(row)?.[1])).toEqual(all.map(({ name }) => name));
  expect(new Set(all.map(({ name }) => name)).size).toBe(all.length);
  // Nine cells: a bar in a formula is escaped.
  for (const row of rows) expect(row.split(/(?<!\\)\|/).length - 2, row).toBe(9);
});

describe.each(all)('$name', ({ name, file, formula, paper, time, memory, use }) => {
  test('names a file that exists and exports it', async () => {
    expect(existsSync(root + file)).toBe(true);
    // A variant is named behind: `Rotary (partial)`; its file may be that of the setting. `none` is no code.
    const exported = name.split(/,| \(/)[0] as string;
    const built = file.replace(/^src\//, '').replace(/\.ts$/, '.js');
    const place = exported === name ? built : `${built.split('/')[0]}/index.js`;
    const module = (await import(`${root}dist/${place}`)) as Record<string, unknown>;
    if (exported !== 'none') expect(module[exported]).toBeDefined();
  });

  test('says something in every column', () => {
    for (const text of [formula, paper, time, memory, use]) expect(text.trim()).not.toBe('');
    expect(use).toMatch(/[.]$/);
  });
});

test('a part without an introduction is refused', () => {
  expect(() => attentionPage({ Others: [] })).toThrow(/the part Others has no introduction/);
});
