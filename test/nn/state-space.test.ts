import { expect, test } from 'vitest';
import { type InputRule, Mamba, Module, selectivePattern, selectiveScan } from '#dist/nn/index.js';
import { input, type Tensor } from '#dist/ops/index.js';
import { compile } from '#dist/runtime/index.js';
import { feedsOf, tokenOf } from '../attention/approximate/loops.js';
import { givenValues, prove, type Read } from '../attention/prove.js';
import { affine, range, sigmoid, sum } from '../attention/structures/loops.js';
import { relativeDifference } from '../support/arrays.js';

const [B, T, C, N] = [2, 5, 3, 2];
const softplus = (x: number): number => Math.log(1 + Math.exp(x));
const shapes = { x: [B, T, C], d: [B, T, C], l: [C, N], b: [B, T, N], c: [B, T, N] };

/** Δ > 0 and A < 0 of any numbers. */
const selected = ({ d, l, b, c }: Record<'d' | 'l' | 'b' | 'c', Tensor>) => ({ delta: d.exp().mul(0.5), a: l.exp().neg(), b, c });

/** Algorithm 2, step by step and number by number. */
function recurrence(read: (name: string) => Read, rule: InputRule): number[] {
  return range(B).flatMap((b) => {
    const h = range(C).map(() => range(N).map(() => 0));
    return range(T).flatMap((t) =>
      range(C).map((c) => {
        const delta = 0.5 * Math.exp(read('d')(b, t, c));
        return sum(N, (n) => {
          const a = -Math.exp(read('l')(c, n));
          const enters = (rule === 'euler' ? delta : (Math.exp(delta * a) - 1) / a) * read('b')(b, t, n) * read('x')(b, t, c);
          const state = h[c] as number[];
          state[n] = Math.exp(delta * a) * (state[n] as number) + enters;
          return read('c')(b, t, n) * (state[n] as number);
        });
      }),
    );
  });
}

class Nothing extends Module {}

test.each([
  ['euler', 1],
  ['zero-order hold', 1],
  ['euler', 2],
  ['euler', 8],
  ['zero-order hold', 3],
] as const)('the selective scan, %s, chunks of %s: algorithm 2 number by number, and its gradients', async (rule, chunk) => {
  await prove({
    module: new Nothing(),
    inputs: shapes,
    forward: (given) => selectiveScan(given.x as Tensor, selected(given as never), { rule, chunk }).y,
    naive: (read) => recurrence(read, rule),
  });
});

test.each(['euler', 'zero-order hold'] as const)(
  '%s: chunks are the plain loop; a scan goes on from a state; its weights are those it implies',
  async (rule) => {
    const run = compile((given: Record<keyof typeof shapes, Tensor>) => {
      const { delta, a, b, c } = selected(given);
      const from = (x: Tensor, first: number, end: number): Tensor => x.slice([null, [first, end]]);
      const part = (first: number, end: number) => ({ delta: from(delta, first, end), a, b: from(b, first, end), c: from(c, first, end) });
      const all = selectiveScan(given.x, { delta, a, b, c }, { rule });
      const chunked = selectiveScan(given.x, { delta, a, b, c }, { rule, chunk: 2 });
      const early = selectiveScan(from(given.x, 0, 3), part(0, 3), { rule });
      const late = selectiveScan(from(given.x, 3, T), part(3, T), { rule, chunk: 2, state: early.state });
      const pattern = selectivePattern({ delta, a, b, c }, rule);
      return {
        all,
        chunked,
        late,
        pattern,
        implied: pattern
          .matmul(given.x.transpose([0, 2, 1]).unsqueeze(3))
          .squeeze(3)
          .transpose([0, 2, 1]),
      };
    });
    const got = await run(feedsOf(shapes));
    expect(relativeDifference(got.chunked.y.data, got.all.y.data)).toBeLessThan(1e-5);
    expect(relativeDifference(got.chunked.state.data, got.all.state.data)).toBeLessThan(1e-5);
    expect(relativeDifference(got.late.state.data, got.all.state.data)).toBeLessThan(1e-5);
    expect(relativeDifference(tokenOf(got.late.y, 1), tokenOf(got.all.y, 4))).toBeLessThan(1e-5);
    expect(relativeDifference(got.implied.data, got.all.y.data)).toBeLessThan(1e-5);
    expect(got.pattern.shape).toEqual([B, C, T, T]);
    await run.dispose();
  },
);

const options = { width: 3, stateWidth: 2, expand: 2, kernel: 3, deltaRank: 1 };

test.each([1, 2])('a Mamba block, chunks of %s: figure 3 number by number, and its gradients', async (chunk) => {
  const module = givenValues(new Mamba({ ...options, chunk }));
  const [inner, kernel] = [6, 3];
  await prove({
    module,
    inputs: { x: [1, 4, C] },
    forward: ({ x }) => module.forward(x as Tensor),
    naive(read) {
      const silu = (v: number): number => v * sigmoid(v);
      const both = range(4).map((t) =>
        affine(
          range(C).map((c) => read('x')(0, t, c)),
          read('input.weight'),
          2 * inner,
        ),
      );
      const u = range(4).map((t) =>
        range(inner).map((e) =>
          silu(
            read('convolutionBias')(e) +
              sum(kernel, (k) => {
                const from = t - (kernel - 1) + k;
                return from < 0 ? 0 : (both[from]?.[e] as number) * read('convolution')(e, 0, k);
              }),
          ),
        ),
      );
      const h = range(inner).map(() => [0, 0]);
      return range(4).flatMap((t) => {
        const made = affine(u[t] as number[], read('selection.weight'), 5);
        const deltas = affine(made.slice(0, 1), read('delta.weight'), inner, read('delta.bias')).map(softplus);
        const y = range(inner).map((e) => {
          const now = u[t]?.[e] as number;
          const state = h[e] as number[];
          const scanned = sum(2, (n) => {
            const lasting = Math.exp(-(deltas[e] as number) * Math.exp(read('logA')(e, n)));
            state[n] = lasting * (state[n] as number) + (deltas[e] as number) * (made[1 + n] as number) * now;
            return (made[3 + n] as number) * (state[n] as number);
          });
          return (scanned + read('skip')(e) * now) * silu(both[t]?.[inner + e] as number);
        });
        return affine(y, read('output.weight'), C);
      });
    },
  });
});

test('a Mamba block goes on token by token from what it keeps; its pattern is of tokens before', async () => {
  const module = givenValues(new Mamba(options));
  const run = compile((x: Tensor) => {
    const at = (first: number, end: number): Tensor => x.slice([null, [first, end]]);
    const first = module.step(at(0, 1));
    const second = module.step(at(1, 3), first.state);
    return { all: module.forward(x), first: first.output, last: module.step(at(3, 4), second.state).output, pattern: module.pattern(x) };
  });
  const got = await run(feedsOf({ x: [1, 4, C] }).x);
  expect(relativeDifference(got.first.data, tokenOf(got.all, 0))).toBeLessThan(1e-5);
  expect(relativeDifference(got.last.data, tokenOf(got.all, 3))).toBeLessThan(1e-5);
  expect(got.pattern.shape).toEqual([1, 6, 4, 4]);
  got.pattern.data.forEach((w, i) => {
    if (i % 4 > Math.floor(i / 4) % 4) expect(Math.abs(Number(w))).toBe(0);
  });
  await run.dispose();
});

test('first values: A = −1 … −N, Δ from 0.001 to 0.1', () => {
  const module = new Mamba({ width: 32 });
  const logs = Array.from(module.logA.value.data.slice(0, 16) as Float32Array, (v) => Math.round(Math.exp(v)));
  expect(logs).toEqual(range(16).map((n) => n + 1));
  const steps = Array.from(module.delta.bias?.value.data as Float32Array, softplus);
  expect(Math.min(...steps)).toBeGreaterThan(0.00099);
  expect(Math.max(...steps)).toBeLessThan(0.101);
  expect(Math.max(...steps) / Math.min(...steps)).toBeGreaterThan(20);
});

test('what does not fit', () => {
  expect(() => new Mamba({ width: 4, kernel: 0 })).toThrow('Mamba: kernel: a whole number from 1; got 0.');
  const outer = new (class extends Module {
    readonly mixer = new Mamba({ width: 4 });
    forward(x: Tensor): Tensor {
      return this.mixer.forward(x);
    }
  })();
  expect(() => outer.forward(input('x', [1, 3, 5]))).toThrow('Mamba at mixer: x [B,T,4]; got [1,3,5] float32.');
  const [x, a, b] = [input('x', [1, 3, 4]), input('a', [4, 2]), input('b', [1, 3, 2])];
  expect(() => selectiveScan(x, { delta: x, a, b, c: x })).toThrow(/selective scan: c \[1,3,2\]; got \[1,3,4\]/);
  expect(() => selectiveScan(x, { delta: x, a, b, c: b }, { chunk: 0 })).toThrow(/chunk: a whole number from 1; got 0/);
});
