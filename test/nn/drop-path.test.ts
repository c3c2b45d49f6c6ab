import { afterAll, expect, test } from 'vitest';
import { symbol } from '#dist/core/index.js';
import { gradients } from '#dist/grad/index.js';
import { dropPath, Module } from '#dist/nn/index.js';
import { input, type Tensor, withTraining } from '#dist/ops/index.js';
import { compile } from '#dist/runtime/index.js';

const [B, rate] = [400, 0.25];
class Branches extends Module {
  readonly blocks = [new Branch(), new Branch()];
  forward(x: Tensor): { y: Tensor[]; g: Tensor } {
    const y = this.blocks.map((b) => b.forward(x));
    return { y, g: gradients((y[0] as Tensor).sum(), [x])[0] as Tensor };
  }
}
class Branch extends Module {
  forward(x: Tensor): Tensor {
    return dropPath(x, rate);
  }
}
const made: { dispose(): Promise<void> }[] = [];
afterAll(() => Promise.all(made.map((m) => m.dispose())));
const x = [...new Array(B).keys()].map((b) => [
  [b + 1, -b],
  [2, 3],
]);

/** What two branches keep of each sample, and the gradient by x, in a training run of this seed. */
async function run(seed: number): Promise<{ kept: boolean[][]; gradient: number[] }> {
  const model = new Branches();
  const f = compile((t: Tensor) => model.forward(t), { training: { seed } });
  made.push(f);
  const { y, g } = await f(x);
  const kept = y.map((branch) =>
    (branch.toArray() as number[][][]).map((sample, b) => {
      const is = sample[0]?.[0] !== 0;
      // Whole samples, scaled.
      const want = (x[b] as number[][]).flat().map((v) => (is ? Math.fround(v * Math.fround(1 / (1 - rate))) : 0));
      expect(sample.flat().map((v) => v + 0)).toEqual(want.map((v) => v + 0));
      return is;
    }),
  );
  return { kept, gradient: Array.from(g.data, Number) };
}

test('drops whole samples at the rate, scales the rest, and lets gradients through what is kept only', async () => {
  const { kept, gradient } = await run(1);
  for (const branch of kept) {
    const share = branch.filter((k) => k).length / B;
    expect(Math.abs(share - (1 - rate))).toBeLessThan(4 * Math.sqrt((rate * (1 - rate)) / B));
  }
  expect(kept[0]).not.toEqual(kept[1]);
  const factor = Math.fround(1 / (1 - rate));
  expect(gradient).toEqual((kept[0] as boolean[]).flatMap((k) => new Array(4).fill(k ? factor : 0)));
});

test('the same seed drops the same, another another', async () => {
  const [a, b, c] = await Promise.all([run(1), run(1), run(2)]);
  expect(a.kept).toEqual(b.kept);
  expect(a.kept).not.toEqual(c.kept);
});

test('outside training, or at rate 0, it is x itself', () => {
  const t = input('t', [3, 2]);
  expect(dropPath(t, 0.5)).toBe(t);
  withTraining(true, () => expect(dropPath(t, 0)).toBe(t));
});

test('what cannot be is refused, with the module path', () => {
  class Wrong extends Module {
    readonly branch = new (class extends Module {
      forward(t: Tensor, r: number): Tensor {
        return dropPath(t, r);
      }
    })();
    forward(t: Tensor, r: number): Tensor {
      return this.branch.forward(t, r);
    }
  }
  const wrong = new Wrong();
  for (const r of [1, -0.1, Number.NaN]) {
    expect(() => wrong.forward(input('t', [3]), r)).toThrow(`dropPath at branch: a rate in [0, 1); got ${r}.`);
  }
  expect(() => wrong.forward(input('t', []), 0.5)).toThrow('dropPath at branch: an axis of samples; got [].');
  expect(() => withTraining(true, () => wrong.forward(input('t', [symbol('B'), 2]), 0.5))).toThrow(/all sizes are known while training/);
});
