import { expect, test } from 'vitest';
import { MultiHeadAttention, Retention, RetentionGate } from '#dist/attention/index.js';
import { host } from '#dist/core/index.js';
import { constant, input, type Tensor } from '#dist/ops/index.js';
import { compile, sitesOf } from '#dist/runtime/index.js';
import { relativeDifference } from '../../support/arrays.js';
import { feedsOf, gathered, readOf, row, type Sizes, tokenOf } from '../approximate/loops.js';
import { givenValues, prove, type Read } from '../prove.js';
import { affine, dot, layerNorm, part, range, sigmoid } from '../structures/loops.js';

const sizes: Sizes = { B: 2, H: 2, K: 1, T: 5, S: 5, D: 3 };
const { B, H, K, T, S, D } = sizes;
const shapes = { q: [B, H, T, D], k: [B, K, S, D], v: [B, K, S, D] };
const decays = [0.9, 0.5];

/** The parallel form, pair by pair, in float64. */
const parallel = (read: (name: string) => Read, counts = (_: number): boolean => true): number[] =>
  gathered(sizes, read('v'), (b, h, t) =>
    range(S).map((s) =>
      s > t || !counts(s)
        ? 0
        : (dot(row(read('q'), b, h, t, D), row(read('k'), b, 0, s, D)) / Math.sqrt(D)) * (decays[h] as number) ** (t - s),
    ),
  );

test.each([
  ['chunkwise, chunks of 2', { chunk: 2 }],
  ['chunkwise, one chunk', {}],
  ['parallel', { materialise: true }],
])('%s: the paper’s sum pair by pair, and its gradients', async (_, options) => {
  const module = new Retention({ decays, ...options });
  const forward = ({ q, k, v }: Record<string, Tensor>): Tensor => module.attend(q as Tensor, k as Tensor, v as Tensor);
  await prove({ module, inputs: shapes, forward, naive: (read) => parallel(read) });
});

test('parallel, chunkwise and recurrent are one; keys that do not count add nothing', async () => {
  const [form, looked] = [new Retention({ decays, chunk: 3 }), new Retention({ decays, materialise: true })];
  const keys = host([[[[true, false, true, true, true]]]]);
  const run = compile(({ q, k, v }: Record<'q' | 'k' | 'v', Tensor>) => {
    const at = (x: Tensor, t: number): Tensor => x.slice([null, null, [t, t + 1]]);
    let state: Tensor | undefined;
    const rows = range(T).map((t) => {
      const next = form.step(at(q, t), at(k, t), at(v, t), state);
      state = next.state;
      return next.mixed;
    });
    const inputs = { mask: constant(keys) };
    const mixed = looked.attend(q, k, v, inputs);
    return {
      all: form.attend(q, k, v),
      rows,
      state: state as Tensor,
      stateOf: form.stateOf(k.expand([B, H, T, D]), v.expand([B, H, T, D])),
      masked: form.attend(q, k, v, inputs),
      mixed,
      pattern: sitesOf([mixed]).get('pattern') as Tensor,
      implied: form.pattern(q, k, inputs),
    };
  });
  const got = await run(feedsOf(shapes));
  got.rows.forEach((r, t) => {
    expect(relativeDifference(r.data, tokenOf(got.all, t))).toBeLessThan(1e-5);
  });
  expect(relativeDifference(got.stateOf.data, got.state.data)).toBeLessThan(1e-5);
  expect(relativeDifference(got.masked.data, got.mixed.data)).toBeLessThan(1e-5);
  expect(
    relativeDifference(
      got.masked.data,
      parallel(readOf(feedsOf(shapes)), (s) => s !== 1),
    ),
  ).toBeLessThan(1e-5);
  expect(got.pattern.data).toEqual(got.implied.data);
  await run.dispose();
});

test('a layer of it, with its gate: RetNet’s eq. 8, and its gradients', async () => {
  const C = 4;
  const [heads, width] = [2, 2];
  const module = givenValues(
    new MultiHeadAttention({
      width: C,
      heads,
      bias: false,
      attention: new Retention({ chunk: 2 }),
      gate: new RetentionGate({ width: C, heads }),
    }),
  );
  await prove({
    module,
    inputs: { x: [1, 3, C] },
    forward: ({ x }) => module.forward(x as Tensor),
    naive(read) {
      const x = range(3).map((t) => range(C).map((c) => read('x')(0, t, c)));
      const of = (name: string, t: number): number[] => affine(x[t] as number[], read(`${name}.weight`), C);
      return range(3).flatMap((t) => {
        const gate = of('gate.gate', t);
        const mixed = range(heads).flatMap((h) => {
          const head = range(width).map((d) =>
            range(t + 1).reduce((a, s) => {
              const score = dot(part(of('query', t), h, width), part(of('key', s), h, width)) / Math.sqrt(width);
              return a + score * (1 - 2 ** (-5 - h)) ** (t - s) * (part(of('value', s), h, width)[d] as number);
            }, 0),
          );
          return layerNorm(head, read('gate.norm.weight'), read('gate.norm.bias'));
        });
        return affine(
          mixed.map((m, i) => m * (gate[i] as number) * sigmoid(gate[i] as number)),
          read('output.weight'),
          C,
        );
      });
    },
  });
});

test('what does not fit', () => {
  expect(() => new Retention({ decays: [0.5, 1.5] })).toThrow('retention: decays above 0 and at most 1; got 1.5.');
  expect(() => new Retention({ chunk: 0 })).toThrow(/chunk: a whole number from 1; got 0/);
  const [q, k] = [input('q', [1, 2, 3, 4]), input('k', [1, 2, 5, 4])];
  expect(() => new Retention().attend(q, k, k)).toThrow(/as many keys as queries/);
  expect(() => new Retention({ decays: [0.5] }).attend(q, q, q)).toThrow(/queries of 1 heads, one for each decay; got \[1,2,3,4\]/);
  expect(() => new Retention().step(q, q, q)).toThrow(/one token/);
});
