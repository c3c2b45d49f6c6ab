import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readSafetensors } from '#dist/checkpoints/index.js';
import { decodeModel } from '#dist/onnx/index.js';
import { fixture } from '../support/arrays.js';
import { temporaryFolder, within } from './command.js';

const folder = temporaryFolder();
function checkpoint(name: string): string {
  const to = join(folder, name);
  cpSync(fixture(name), to, { recursive: true });
  writeFileSync(join(to, 'preprocessor_config.json'), JSON.stringify({ size: { height: 12, width: 16 } }));
  return to;
}
const png = fixture('images/png-type2-depth8.png');
const out = (name: string): string => join(folder, name);

test('patches are called by row and column, behind the tokens that have no place', async () => {
  const { code, json } = await within('attend', checkpoint('deit-tiny'), '--image', png, '--json-out', out('a.json'), '--json');
  expect(code).toBe(0);
  expect(json()).toEqual({ out: out('a.json'), layers: 2, heads: 4, tokens: 14 });
  const { tokens, patterns, ids } = JSON.parse(readFileSync(out('a.json'), 'utf8')) as {
    tokens: string[];
    patterns: number[][][][];
    ids?: unknown;
  };
  expect(ids).toBeUndefined();
  expect(tokens.slice(0, 7)).toEqual(['class', 'distillation', '0,0', '0,1', '0,2', '0,3', '1,0']);
  expect(tokens.at(-1)).toBe('2,3');
  for (const row of patterns.flat(2)) expect(row.reduce((a, b) => a + b, 0)).toBeCloseTo(1, 5);
});

test('a page and a picture, and the program', async () => {
  const vit = checkpoint('vit-tiny');
  const html = await within('attend', vit, '--image', png, '--html', out('a.html'), '--dump-onnx', out('a.onnx'));
  expect([html.code, html.out]).toEqual([0, `${out('a.html')}\n`]);
  expect(readFileSync(out('a.html'), 'utf8')).toContain('1,0');
  expect(decodeModel(new Uint8Array(readFileSync(out('a.onnx')))).graph.outputs).toHaveLength(2);
  expect((await within('attend', vit, '--image', png, '--svg', out('a.svg'), '--layer', '1', '--check')).code).toBe(0);
  expect(readFileSync(out('a.svg'), 'utf8')).toMatch(/^<svg/);
});

test('sites are listed, and captured on an image', async () => {
  const vit = checkpoint('vit-body');
  const listed = await within('sites', vit, '--json');
  const sites = listed.json().sites as { name: string; shape: (number | string)[] }[];
  expect(sites.at(-1)).toEqual({ name: 'pooled', shape: ['B', 24] });
  const captured = await within(
    'capture',
    vit,
    '--image',
    png,
    '--sites',
    'pooled,*pattern',
    '--out',
    out('b.safetensors'),
    '--check',
    '--json',
  );
  expect([captured.code, captured.err]).toEqual([0, '']);
  expect(captured.json().sites).toEqual([
    { name: 'blocks.0.attention.pattern', shape: [1, 4, 13, 13] },
    { name: 'blocks.1.attention.pattern', shape: [1, 4, 13, 13] },
    { name: 'pooled', shape: [1, 24] },
  ]);
  const file = await readSafetensors(out('b.safetensors'));
  expect((await file.load('pooled')).data.every((x) => Math.abs(Number(x)) <= 1)).toBe(true);
  await file.close();
});

test.each<[string, readonly string[], RegExp]>([
  ['text and image', ['--text', 'a', '--image', png], /either --text or --image; got both/],
  ['an image over itself', ['--image', out('x.html')], /an output that is not what the command reads/],
  ['a language model', ['--image', png], /a model that takes images.*got "gpt2"/],
])('%s: one line, exit code 2', async (_, args, message) => {
  const { code, err } = await within('attend', fixture('gpt2-tiny'), ...args, '--html', out('x.html'));
  expect(err).toMatch(message);
  expect(err.trimEnd()).not.toContain('\n');
  expect(code).toBe(2);
});
