import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { registry } from '#dist/ops/index.js';
import { engineJob, engineProblems, targets } from './engine-check.js';
import { runOnCpu } from './engines.js';
import { gradientProblems } from './gradient-check.js';
import { declarationProblems, opsToWalk, referenceProblems, trialsFor } from './registry-walk.js';

const seeds = [1, 2, 3];

test('every op says what it is and has cases', () => {
  expect([...registry().values()].flatMap(declarationProblems)).toEqual([]);
  expect(registry().size).toBeGreaterThan(50);
});

describe.each(opsToWalk().map((op) => [op.name, op] as const))('%s', (_, op) => {
  test('declared shapes are the reference’s', () => {
    expect(referenceProblems(op)).toEqual([]);
  });
  test('gradients are central differences', () => {
    expect(trialsFor(op, seeds).flatMap((trial) => gradientProblems(trial, op.order))).toEqual([]);
  });
  test.each(Object.entries(targets))('ONNX Runtime gives the reference’s values, lowered %s', async (name, target) => {
    expect(await engineProblems(engineJob(`${op.name} (${name})`, trialsFor(op, seeds), target), runOnCpu)).toEqual([]);
  });
});

test('importing the ops registers every op there is', async () => {
  const before = registry().size;
  const folder = fileURLToPath(new URL('../../dist/ops/', import.meta.url));
  const files = (await readdir(folder, { recursive: true })).filter((file) => file.endsWith('.js'));
  for (const file of files) await import(join(folder, file));
  expect(files.length).toBeGreaterThan(40);
  expect(registry().size).toBe(before);
});
