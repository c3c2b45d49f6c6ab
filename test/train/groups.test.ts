import { describe, expect, test } from 'vitest';
import { splitTokens } from '#dist/datasets/index.js';
import { GPT2 } from '#dist/models/index.js';
import { applyGroups, constant, parameterShapes, sgd, type TrainOptions, traceStep, train } from '#dist/train/index.js';
import { largestDifference } from '../support/arrays.js';
import { Bigram, bigramStep, madeData, scattered, valuesOf } from './bigram.js';

const shapes = [
  { name: 'tokens.weight', shape: [4, 3] },
  { name: 'blocks.0.up.weight', shape: [3, 3] },
  { name: 'blocks.0.up.bias', shape: [3] },
  { name: 'blocks.1.up.weight', shape: [3, 3] },
];
const of = (groups: Parameters<typeof applyGroups>[1]) => Object.fromEntries(applyGroups(shapes, groups).map((p) => [p.name, p]));

describe('applyGroups', () => {
  test('by default all learn alike, and matrices alone decay', () => {
    expect(applyGroups(shapes).map(({ rate, decays, frozen }) => [rate, decays, frozen])).toEqual([
      [1, true, false],
      [1, true, false],
      [1, false, false],
      [1, true, false],
    ]);
  });

  test('rates multiply; of the rest the last word holds', () => {
    const found = of([
      { match: '*', rate: 0.5, decays: false, frozen: true },
      { match: 'blocks.*', rate: 0.5, frozen: false },
      { match: '*.bias,*.1.*', rate: 3, decays: true },
    ]);
    expect(found['tokens.weight']).toMatchObject({ rate: 0.5, decays: false, frozen: true });
    expect(found['blocks.0.up.weight']).toMatchObject({ rate: 0.25, decays: false, frozen: false });
    expect(found['blocks.0.up.bias']).toMatchObject({ rate: 0.75, decays: true, frozen: false });
    expect(found['blocks.1.up.weight']).toMatchObject({ rate: 0.75, decays: true, frozen: false });
  });

  test('what cannot be meant is refused', () => {
    expect(() => of([{ match: 'blocks.*,token.weight' }])).toThrow(/each match a parameter; got "token.weight". Nearest: tokens.weight, /);
    expect(() => of([{ match: 'blocks.*,' }])).toThrow(/each match a parameter; got ""/);
    expect(() => of([{ match: '*', rate: -1 }])).toThrow(/parameter group \*: a rate of at least 0; got -1/);
    expect(() => of([{ match: '*', rate: Number.NaN }])).toThrow(/a rate of at least 0/);
    expect(() => of([{ match: '*', frozen: true }])).toThrow(/at least one parameter that is not frozen/);
  });
});

describe('groups in a run', () => {
  const vocabulary = 7;
  const data = madeData((index, rows, length) => ({
    inputs: scattered(vocabulary, 2 * index, rows * length),
    targets: scattered(vocabulary, 2 * index + 1, rows * length),
  }));
  const base: TrainOptions = { data, steps: 1, batch: 3, clip: 0, schedule: constant(), optimizer: sgd({ lr: 0.5 }), inThread: true };

  test('a first step of SGD is −lr · rate · gradient of each parameter', async () => {
    const model = new Bigram(vocabulary, 5);
    const before = valuesOf(model);
    const expected = bigramStep(before, [data.batches({ rows: 3, length: 5 }, 0)(0) as never]);
    await train(model, {
      ...base,
      groups: [
        { match: 'bias', rate: 0.25 },
        { match: '*', rate: 2 },
      ],
    });
    const after = valuesOf(model);
    const moved = (x: Float32Array, g: Float64Array, rate: number) => x.map((v, i) => v - 0.5 * rate * (g[i] as number));
    expect(largestDifference(after.table, moved(before.table, expected.table, 2))).toBeLessThan(1e-6);
    expect(largestDifference(after.bias, moved(before.bias, expected.bias, 0.5))).toBeLessThan(1e-6);
  });

  test('rate 0 moves nothing, decay included', async () => {
    const model = new Bigram(vocabulary, 5);
    const before = valuesOf(model);
    await train(model, { ...base, optimizer: sgd({ lr: 0.5, weightDecay: 1 }), groups: [{ match: 'table', rate: 0, decays: true }] });
    expect(valuesOf(model).table).toEqual(before.table);
    expect(valuesOf(model).bias).not.toEqual(before.bias);
  });

  test('frozen parameters keep their bits, have no gradient in the program and nothing remembered', async () => {
    const make = () => new GPT2({ vocabulary, context: 8, layers: 2, heads: 2, width: 8, seed: 3 });
    const model = make();
    const bits = (m: GPT2) => new Map([...m.parameters()].map(([name, p]) => [name, (p.value.data as Float32Array).slice()]));
    const before = bits(model);
    const groups = [
      { match: 'tokens.*,blocks.0.*', frozen: true },
      { match: 'blocks.0.*.bias', frozen: false },
    ];
    const frozen = new Set(applyGroups(parameterShapes(model), groups).flatMap((p) => (p.frozen ? [p.name] : [])));
    expect(frozen.size).toBeGreaterThan(3);
    const program = traceStep(model, { shape: { rows: 2, length: 8 }, frozen }, {});
    const trained = [...before.keys()].filter((name) => !frozen.has(name));
    expect(program.outputs).toEqual(['loss', ...trained.map((name) => `gradient:${name}`)]);
    const ids = scattered(vocabulary, 1, 400);
    const { point } = await train(model, {
      data: splitTokens(ids, { context: 8 }),
      steps: 3,
      batch: 2,
      groups,
      average: 0.9,
      schedule: constant(),
      inThread: true,
    });
    for (const [name, values] of bits(model)) {
      if (frozen.has(name)) expect(values, name).toEqual(before.get(name));
      else expect(values, name).not.toEqual(before.get(name));
    }
    for (const slot of [...Object.values(point.state.optimizer), point.state.average ?? {}]) expect(Object.keys(slot)).toEqual(trained);
    expect(Object.keys(point.state.parameters)).toEqual([...before.keys()]);
  });
});
