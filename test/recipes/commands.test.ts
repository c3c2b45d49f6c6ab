import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { architectures, encoderTypes, imageArchitectures, transformerArchitecture } from '#dist/checkpoints/index.js';
import { createProgram } from '#dist/cli/program.js';
import { modelBuilders } from '#dist/models/index.js';

const root = fileURLToPath(new URL('../../', import.meta.url));
const docs = readdirSync(join(root, 'docs')).filter((name) => name.endsWith('.md'));
const pages = ['README.md', 'CHANGELOG.md', ...docs.map((name) => `docs/${name}`)];
const read = (page: string): string => readFileSync(join(root, page), 'utf8');
const io = { out: () => {}, note: () => {}, outIsTerminal: false, columns: 80, unicode: true };
const program = createProgram({
  io: { ...io, progress: () => ({ update: () => {}, stop: () => {} }), interrupted: () => new AbortController().signal },
  version: '0',
  finish: () => {},
});

/** Command lines in a page's blocks of shell. */
const linesOf = (page: string): string[] =>
  [...read(page).matchAll(/```sh\n(.*?)```/gs)]
    .flatMap(([, block = '']) => block.split('\n'))
    .flatMap((line) => /(?:^|\| )(headlight .*)/.exec(line)?.[1] ?? []);

test.each(pages)('%s: every command line has a command that is there, with flags that it has', (page) => {
  for (const line of linesOf(page)) {
    const [, name = '', below = ''] = line.split(' ');
    const outer = program.commands.find((c) => c.name() === name);
    const command = outer?.commands.length ? outer.commands.find((c) => c.name() === below) : outer;
    expect(command, line).toBeDefined();
    const flags = command?.options.map(({ long }) => long) ?? [];
    const said = line.replace(/"[^"]*"/g, '""').replace(/ # .*/, '');
    for (const [flag] of said.matchAll(/(?<= )--[a-z-]+/g)) expect(flags, line).toContain(flag);
    for (const needed of command?.options.filter(({ mandatory }) => mandatory) ?? []) expect(said, line).toContain(needed.long);
  }
});

test('the README shows lines enough for this to mean something', () => {
  expect(linesOf('README.md').length).toBeGreaterThan(12);
  expect(new Set(linesOf('README.md').map((line) => line.split(' ')[1])).size).toBeGreaterThan(8);
});

test('every model_type that opens stands in the README and in docs/checkpoints.md, and no other', () => {
  const all = [...architectures, ...imageArchitectures, transformerArchitecture];
  const known = [...all.map((a) => a.modelType), ...encoderTypes].sort();
  const tableOf = (page: string, cell: number) => {
    const [, table = ''] = /\n(\|[^\n]*`model_type`[^\n]*\n(?:\|.*\n)+)/.exec(read(page)) ?? [];
    const cells = table
      .split('\n')
      .slice(2)
      .map((row) => row.split('|')[cell] ?? '');
    return cells.flatMap((text) => [...text.matchAll(/`([a-z0-9_]+)`/g)].map(([, name]) => name)).sort();
  };
  expect(tableOf('README.md', 2)).toEqual(known);
  expect(tableOf('docs/checkpoints.md', 1)).toEqual(known);
});

test('--help of train lists the architectures', () => {
  const help = program.commands.find((c) => c.name() === 'train')?.helpInformation() ?? '';
  for (const name of Object.keys(modelBuilders)) expect(help).toMatch(new RegExp(`--arch <name>[^-]*(?:-only)?[^-]*\\b${name}\\b`));
});
