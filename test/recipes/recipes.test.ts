import { execFileSync, spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const root = fileURLToPath(new URL('../../', import.meta.url));
const recipe = (...args: string[]) =>
  execFileSync(process.execPath, [join(root, 'recipes', args[0] ?? ''), ...args.slice(1)], { encoding: 'utf8' });

test('first-taste.mjs is the code of the README, and does what it says there', () => {
  const code = readFileSync(join(root, 'recipes/first-taste.mjs'), 'utf8');
  expect(readFileSync(join(root, 'README.md'), 'utf8')).toContain(`\`\`\`js\n${code}\`\`\``);
  const out = recipe('first-taste.mjs');
  const loss = Number(/validation loss ([\d.]+) nats per character/.exec(out)?.[1]);
  expect(loss).toBeLessThan(1); // letters by their frequency alone: 2.9
  expect(out).toContain('Petra lived');
  expect(out).toContain('[ 1, 4, 25, 25 ]');
});

test("own-model: a user's own class trains in a worker, is generated from and captured", () => {
  const out = recipe('own-model/train.mjs', '80');
  expect(out).toContain('blocks.0.attention.qkv.weight');
  const losses = [...out.matchAll(/validation loss ([\d.]+)/g)].map(([, loss]) => Number(loss));
  expect(losses).toHaveLength(4);
  expect(losses[3]).toBeLessThan(Math.min(losses[0] ?? 0, 2.5));
  expect(out).toMatch(/^Petra lived/m);
  expect(out).toContain('blocks.1.attention.pattern [1,4,25,25]');
});

test('every command and every recipe that the README names is there', () => {
  const readme = readFileSync(join(root, 'README.md'), 'utf8');
  const { stdout } = spawnSync(process.execPath, [join(root, 'dist/cli/main.node.js'), '--help'], { encoding: 'utf8' });
  const named = new Set([...readme.matchAll(/`headlight ([a-z]+)/g)].map(([, name]) => name));
  expect(named.size).toBeGreaterThanOrEqual(8);
  for (const name of named) expect(stdout).toMatch(new RegExp(`^  ${name} `, 'm'));
  for (const name of readdirSync(join(root, 'recipes'))) expect(readme).toContain(`recipes/${name}`);
  expect(readme.split('\n').length).toBeLessThanOrEqual(150);
});
