import { expect, test } from 'vitest';
import { gradients } from '#dist/grad/index.js';
import { input, type Parameter, parameterTensor, type Tensor } from '#dist/ops/index.js';
import { AxialRotary, gridPlaces, LearnedPositions, PatchPositions, Rotary, type Rotation, rotate } from '#dist/position/index.js';
import { centralDifferences, numbersOf } from '../grad/programs.js';
import { numbers } from '../nn/arrays.js';
import { relativeDifference } from '../support/arrays.js';

const [T, D] = [6, 6];
const ids = input('ids', [1, T], 'int32');
const yarn = { kind: 'yarn', factor: 4, originalContext: 8, fastTurns: 2, slowTurns: 0.5, attentionFactor: 1.1 } as const;
const rotations: Record<string, Rotation> = {
  halves: new Rotary({ context: T, width: D }).at(ids),
  interleaved: new Rotary({ context: T, width: D, interleaved: true }).at(ids),
  partial: new Rotary({ context: T, width: 4 }).at(ids),
  scaled: new Rotary({ context: T, width: D, scaling: yarn }).at(ids),
  axial: new AxialRotary({ width: 4 }).at(gridPlaces(2, 3)),
};

test.each(Object.keys(rotations))('gradients through a rotation are what central differences give: %s', (name) => {
  const x = input('x', [1, 2, T, D]);
  const feeds = new Map([[x, numbers('x', [1, 2, T, D])]]);
  const y = rotate(x, rotations[name] as Rotation);
  const loss = y.mul(y).mul(y).add(y).sum();
  const [g] = gradients(loss, [x]) as [Tensor];
  expect(relativeDifference(numbersOf(g, feeds), centralDifferences(loss, x, feeds))).toBeLessThan(1e-7);
});

const x = input('x', [2, 4, 3]);
const places = input('places', [2, 4], 'int32');
const tables: [string, Parameter, Tensor][] = [];
const learned = new LearnedPositions(6, 3);
tables.push(['learned, the first', learned.weight, learned.forward(x)]);
// Some positions are met twice, some not at all.
tables.push(['learned, each token its own', learned.weight, learned.forward(x, places)]);
const patches = new PatchPositions({ rows: 2, columns: 3 }, 1, 3);
tables.push(['of patches', patches.weight, patches.forward()]);
tables.push(['of patches, on another grid', patches.weight, patches.forward({ rows: 3, columns: 2 })]);

test.each(tables)('gradients of a learned table are what central differences give: %s', (_, parameter, y) => {
  const table = parameterTensor(parameter);
  const feeds = new Map([
    [table, numbers('table', table.shape as number[])],
    [places, { shape: [2, 4], data: Float64Array.of(0, 5, 5, 1, 2, 0, 0, 3) }],
  ]);
  const loss = y.mul(y).mul(y).add(y).sum();
  const [g] = gradients(loss, [table]) as [Tensor];
  expect(relativeDifference(numbersOf(g, feeds), centralDifferences(loss, table, feeds))).toBeLessThan(1e-7);
});
