import { expect, test } from 'vitest';
import { causalMask, MultiHeadAttention, SigmoidGate } from '#dist/attention/index.js';
import { input, type Tensor } from '#dist/ops/index.js';
import { sitesOf } from '#dist/runtime/index.js';
import { givenValues, prove } from '../prove.js';
import { affine, dot, part, range, sigmoid, softmax, sum } from './loops.js';

const [B, T, C, H, D] = [2, 3, 4, 2, 3];

const layerOf = (per: 'element' | 'head'): MultiHeadAttention =>
  givenValues(
    new MultiHeadAttention({
      width: C,
      heads: H,
      kvHeads: 1,
      headWidth: D,
      gate: new SigmoidGate({ width: C, heads: H, headWidth: D, per }),
    }),
  );

test.each(['element', 'head'] as const)('a gate per %s: σ(x W_g + b_g) ∘ o, and the gradients', async (per) => {
  const module = layerOf(per);
  await prove({
    module,
    inputs: { x: [B, T, C] },
    forward: ({ x }) => module.forward(x as Tensor, { mask: causalMask(T) }),
    naive(read) {
      const row = (b: number, t: number, name: string, to: number): number[] =>
        affine(
          range(C).map((c) => read('x')(b, t, c)),
          read(`${name}.weight`),
          to,
          read(`${name}.bias`),
        );
      return range(B).flatMap((b) =>
        range(T).flatMap((t) => {
          const gate = row(b, t, 'gate', per === 'head' ? H : H * D).map(sigmoid);
          const heads = range(H).flatMap((h) => {
            const query = part(row(b, t, 'query', H * D), h, D);
            const weights = softmax(
              range(T).map((s) => dot(query, row(b, s, 'key', D)) / Math.sqrt(D)),
              (s) => s <= t,
            );
            return range(D).map((d) => {
              const mixed = sum(T, (s) => (weights[s] as number) * (row(b, s, 'value', D)[d] as number));
              return mixed * (gate[per === 'head' ? h : h * D + d] as number);
            });
          });
          return affine(heads, read('output.weight'), C, read('output.bias'));
        }),
      );
    },
  });
});

test('starts nearly open, and shows what it lets through', () => {
  const gate = new SigmoidGate({ width: C, heads: H, headWidth: D });
  expect([...gate.weight.value.data].every((v) => v === 0)).toBe(true);
  expect([...gate.bias.value.data].every((v) => v === 1)).toBe(true);
  const shape = (per: 'element' | 'head') => sitesOf([layerOf(per).forward(input('x', [B, T, C]))]).get('gate.values')?.shape;
  expect(shape('element')).toEqual([B, T, H, D]);
  expect(shape('head')).toEqual([B, T, H, 1]);
});

test('a gate of other heads', () => {
  const layer = new MultiHeadAttention({ width: C, heads: H, gate: new SigmoidGate({ width: C, heads: H, headWidth: 5 }) });
  expect(() => layer.forward(input('x', [B, T, C]))).toThrow(/mul at gate: .*\[2,3,2,2\]/);
});
