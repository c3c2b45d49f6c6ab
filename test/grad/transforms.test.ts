import { afterAll, expect, test } from 'vitest';
import { grad, valueAndGrad } from '#dist/grad/index.js';
import { matmul, type Tensor } from '#dist/ops/index.js';
import { compile } from '#dist/runtime/index.js';

const made: { dispose(): Promise<void> }[] = [];
afterAll(() => Promise.all(made.map((m) => m.dispose())));
function compiled<F extends { dispose(): Promise<void> }>(f: F): F {
  made.push(f);
  return f;
}

type Layer = { w: Tensor; b: Tensor };

test('valueAndGrad gives the loss, and gradients in the form of the first argument', async () => {
  const loss = (p: { layers: Layer[]; scale: Tensor }, x: Tensor): Tensor => {
    const y = p.layers.reduce((h, { w, b }) => matmul(h, w).add(b), x);
    return y.mul(p.scale).sum();
  };
  const step = compiled(compile(valueAndGrad(loss)));
  const parameters = {
    layers: [
      {
        w: [
          [1, 2],
          [3, 4],
        ],
        b: [1, -1],
      },
      { w: [[2], [-1]], b: [0.5] },
    ],
    scale: 3,
  };
  const { value, grads } = await step(parameters, [[1, 1]]);
  // h = [1,1]·W₁ + b₁ = [5, 5]; y = 10 − 5 + 0.5; everything by hand.
  expect(value.item()).toBeCloseTo(16.5, 5);
  expect(grads.scale.item()).toBeCloseTo(5.5, 5);
  expect(grads.layers.map((l) => [l.w.toArray(), l.b.toArray()])).toEqual([
    [
      [
        [6, -3],
        [6, -3],
      ],
      [6, -3],
    ],
    [[[15], [15]], [3]],
  ]);
});

test('grad is that without the loss, and can be taken again', async () => {
  const cubic = (x: Tensor): Tensor => x.mul(x).mul(x);
  const twice = grad(grad(cubic));
  const second = compiled(compile(twice));
  expect((await second(2)).item()).toBeCloseTo(12, 5);
});

test('what is no scalar loss is an error', () => {
  const notATensor = valueAndGrad((() => 3) as unknown as (x: Tensor) => Tensor);
  expect(() => compile(notATensor).onnx([1])).toThrow('valueAndGrad: the function returns a scalar tensor; got number.');
  expect(() => compile(grad((x: Tensor) => x.mul(2))).onnx([1, 2])).toThrow('the loss is a scalar');
});
