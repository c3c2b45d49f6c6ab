import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { GPT2, type GPT2Config } from '#dist/models/index.js';
import { traceStep } from '#dist/train/index.js';
import { mostRatio, raceRatio, ratioToFrozen } from '../support/program-race.js';

const fixture = (name: string): Buffer => readFileSync(new URL(`../fixtures/speed/${name}`, import.meta.url));
const shapes = JSON.parse(fixture('shapes.json').toString('utf8')) as Record<string, GPT2Config & { readonly rows: number }>;

function stepOf({ rows, ...config }: GPT2Config & { readonly rows: number }): Uint8Array {
  return traceStep(new GPT2(config), { shape: { rows, length: config.context } }, { device: 'cpu', threads: 1 }).onnx;
}

test.each(Object.keys(shapes))('the training step is no slower than the frozen one by more than a quarter: %s', async (name) => {
  const ratio = await ratioToFrozen(stepOf(shapes[name] as (typeof shapes)[string]), gunzipSync(fixture(`${name}.onnx.gz`)), 10);
  expect(ratio).toBeLessThanOrEqual(mostRatio);
});

test('a step of twice the layers is caught', async () => {
  const shape = shapes.short as (typeof shapes)[string];
  const slower = stepOf({ ...shape, layers: 2 * shape.layers });
  expect(await raceRatio(slower, gunzipSync(fixture('short.onnx.gz')), 10)).toBeGreaterThan(mostRatio);
});
