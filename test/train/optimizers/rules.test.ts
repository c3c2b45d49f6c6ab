import { describe, expect, test } from 'vitest';
import { adafactor, adamW, lion, muon, type Optimizer, ruleOf, sgd } from '#dist/train/optimizers/index.js';
import { gradientAt, noise, sizeOf, Trial } from './harness.js';

const optimizers: readonly Optimizer[] = [
  adamW(),
  sgd({ momentum: 0.9, dampening: 0.1, weightDecay: 0.01 }),
  lion(),
  adafactor({ beta1: 0.9 }),
  muon({ weightDecay: 0.1 }),
];
const trained = [
  { name: 'blocks.0.attention.qkv.weight', shape: [6, 18] },
  { name: 'blocks.0.mlp.output.weight', shape: [24, 6] },
  { name: 'blocks.0.norm.bias', shape: [7] },
  { name: 'tokens.weight', shape: [11, 6] },
];

describe.each(optimizers)('$kind', (optimizer) => {
  test('is plain data: a worker receives the same', () => {
    const crossed = structuredClone(optimizer);
    expect(crossed).toEqual(optimizer);
    expect(ruleOf(crossed)).toBe(ruleOf(optimizer));
  });

  test('everything it remembers lies in its slots: it resumes bit for bit', async () => {
    const through = await Trial.start(optimizer, trained);
    await through.steps(1, 12);
    const first = await Trial.start(optimizer, trained);
    await first.steps(1, 5);
    const second = await Trial.start(optimizer, trained);
    second.resume(first);
    await second.steps(6, 12);
    for (const i of trained.keys()) {
      expect(second.parameter(i)).toEqual(through.parameter(i));
      expect(second.slots(i)).toEqual(through.slots(i));
    }
    for (const trial of [through, first, second]) await trial.dispose();
  });

  test('a gradient comes scaled: by 4, with the factor 1/4', async () => {
    const plain = await Trial.start(optimizer, trained);
    const scaled = await Trial.start(optimizer, trained, { gradientScale: 0.25 });
    for (let t = 1; t <= 3; t++) {
      await plain.step(t);
      await scaled.step(
        t,
        trained.map((p, i) => gradientAt(p, i, t, 0.1).map((x) => 4 * x)),
      );
    }
    for (const i of trained.keys()) expect(scaled.parameter(i)).toEqual(plain.parameter(i));
    for (const trial of [plain, scaled]) await trial.dispose();
  });

  test('the rate scales every step and its decay; without decay a zero gradient moves nothing', async () => {
    const still = await Trial.start(optimizer, trained, { rate: () => 0 });
    const undecayed = await Trial.start(optimizer, trained, { decays: false });
    const decayed = await Trial.start(optimizer, trained);
    const zeros = trained.map(({ shape }) => new Float32Array(sizeOf(shape)));
    const before = trained.map((_, i) => still.parameter(i));
    await still.step(1);
    await undecayed.step(1, zeros);
    await decayed.step(1, zeros);
    const decays = 'weightDecay' in optimizer && optimizer.weightDecay > 0;
    for (const i of trained.keys()) {
      expect(still.parameter(i)).toEqual(before[i]);
      expect(undecayed.parameter(i)).toEqual(before[i]);
      if (decays) expect(decayed.parameter(i)).not.toEqual(before[i]);
    }
    for (const trial of [still, undecayed, decayed]) await trial.dispose();
  });
});

describe('muon', () => {
  test.each([2, 4])('the same bits at 1 and %i threads, at sizes that are shared out', async (threads) => {
    const large = [
      { name: 'blocks.0.attention.qkv.weight', shape: [192, 576] },
      { name: 'blocks.0.mlp.up.weight', shape: [160, 1100] },
      // 64 columns for each of 4 threads: where the engine would sum in other blocks.
      { name: 'blocks.0.mlp.hidden.weight', shape: [160, 256] },
      { name: 'blocks.0.mlp.output.weight', shape: [768, 192] },
    ];
    const [one, two] = [await Trial.start(muon(), large, { threads: 1 }), await Trial.start(muon(), large, { threads })];
    for (const trial of [one, two]) await trial.steps(1, 2);
    for (const i of large.keys()) expect(one.parameter(i)).toEqual(two.parameter(i));
    for (const trial of [one, two]) await trial.dispose();
  });

  test('asks for one program a shape, of each part', () => {
    const more = [...trained, { name: 'blocks.1.attention.qkv.weight', shape: [6, 18] }];
    const programs = ruleOf(muon()).programs?.(muon(), more) ?? [];
    expect(programs.map((p) => p.inputs)).toEqual([{ matrix: [6, 6] }, { matrix: [24, 6] }]);
    expect(new Set(programs.map((p) => p.key)).size).toBe(2);
  });

  test('moves outputs alike: the update of a wide matrix has its rows, inputs, at length √(out/in)', async () => {
    const shape = [6, 96];
    const trial = await Trial.start(muon({ lr: 1 }), [{ name: 'blocks.0.w', shape }]);
    const before = trial.parameter(0);
    await trial.step(1, [noise(6 * 96, 5)]);
    const update = trial.parameter(0).map((x, i) => x - (before[i] as number));
    for (let row = 0; row < 6; row++) {
      const length = Math.hypot(...update.subarray(row * 96, (row + 1) * 96));
      // Newton–Schulz leaves singular values between about 0.7 and 1.2.
      expect(length / Math.sqrt(96 / 6)).toBeGreaterThan(0.65);
      expect(length / Math.sqrt(96 / 6)).toBeLessThan(1.25);
    }
    await trial.dispose();
  });

  test('refuses globs that name no matrix, and parts that do not fit', () => {
    expect(() => ruleOf(muon()).programs?.(muon({ matrices: 'block.*' }), trained)).toThrow(
      "muon: matrices names parameters of rank 2; got 'block.*'. The parameters of rank 2 are blocks.0.attention.qkv.weight, ",
    );
    const odd = [{ name: 'blocks.0.attention.qkv.weight', shape: [6, 16] }];
    expect(() => ruleOf(muon()).programs?.(muon(), odd)).toThrow(
      'muon, blocks.0.attention.qkv.weight: 3 parts of as many columns each; got [6,16]. Say how many',
    );
  });
});

test('adafactor remembers a row and a column of a matrix', () => {
  const slots = (shape: number[]) => ruleOf(adafactor()).slots(adafactor(), { name: 'p', shape });
  expect(slots([16, 64])).toEqual({ row_moment: [16], column_moment: [64] });
  expect(slots([2, 3, 5, 6])).toEqual({ row_moment: [2, 3, 5], column_moment: [2, 3, 6] });
  expect(slots([33])).toEqual({ second_moment: [33] });
});

test('sgd without momentum remembers nothing', () => {
  expect(ruleOf(sgd()).slots(sgd(), { name: 'p', shape: [3] })).toEqual({});
});

test.each([
  [() => adamW({ lr: 0 }), 'adamw: lr is a finite number above 0; got 0'],
  [() => adamW({ lr: '0.1' as unknown as number }), 'adamw: lr is a finite number above 0; got 0.1'],
  [() => adamW({ betas: [0.9, 1] }), 'adamw: betas[1] lies in [0, 1); got 1'],
  [() => adamW({ betas: [0.9] as unknown as [number, number] }), 'adamw: betas are two numbers; got 0.9'],
  [() => adamW({ epsilon: 0 }), 'adamw: epsilon is a finite number above 0; got 0'],
  [() => adamW({ lr: 0.5, weightDecay: 2 }), 'adamw: weightDecay is at least 0, and below 1/lr = 2; got 2'],
  [() => sgd({ momentum: 1 }), 'sgd: momentum lies in [0, 1); got 1'],
  [() => sgd({ dampening: -0.1 }), 'sgd: dampening lies in [0, 1]; got -0.1'],
  [() => sgd({ weightDecay: -1 }), 'sgd: weightDecay is a finite number from 0; got -1'],
  [() => sgd({ nesterov: true }), 'sgd: nesterov needs a momentum above 0 and no dampening; got momentum 0, dampening 0. Use momentum 0.9'],
  [() => sgd({ nesterov: true, momentum: 0.9, dampening: 0.1 }), 'got momentum 0.9, dampening 0.1'],
  [() => lion({ lr: Number.NaN }), 'lion: lr is a finite number above 0; got NaN'],
  [() => lion({ betas: [-0.1, 0.9] }), 'lion: betas[0] lies in [0, 1); got -0.1'],
  [() => adafactor({ decayRate: 0 }), 'adafactor: decayRate lies in (0, 1]; got 0'],
  [() => adafactor({ clipThreshold: 0 }), 'adafactor: clipThreshold is a finite number above 0; got 0'],
  [() => adafactor({ epsilons: [0, 1e-3] }), 'adafactor: epsilons[0] is at least 1e-32, and below 1; got 0'],
  [() => adafactor({ beta1: 1 }), 'adafactor: beta1 lies in [0, 1); got 1'],
  [() => muon({ steps: 2.5 }), 'muon: steps is a whole number from 1; got 2.5'],
  [() => muon({ parts: { '*.qkv.weight': 0 } }), 'muon: parts of *.qkv.weight is a whole number from 1; got 0'],
  [() => muon({ others: { lr: -1 } }), 'adamw: lr is a finite number above 0; got -1'],
  [
    () => ruleOf({ ...adamW(), kind: 'adam' } as unknown as Optimizer),
    "optimizer: kind is one of adamw, sgd, lion, adafactor, muon; got 'adam'. The nearest is adamw.",
  ],
  [() => ruleOf({ kind: 'constructor' } as unknown as Optimizer), "got 'constructor'"],
] as const)('refuses %s', (make, message) => {
  expect(make).toThrow(message);
});
