import { expect, test } from 'vitest';
import { FavorAttention, type KernelAttention, LinearAttention, MultiHeadAttention } from '#dist/attention/index.js';
import { host, symbol } from '#dist/core/index.js';
import { constant, input, type Tensor } from '#dist/ops/index.js';
import { compile, sitesOf } from '#dist/runtime/index.js';
import { relativeDifference } from '../../support/arrays.js';
import { prove, type Read } from '../prove.js';
import { dot, range } from '../structures/loops.js';
import { feedsOf, gathered, readOf, row, type Sizes, tokenOf, toOne } from './loops.js';

const sizes: Sizes = { B: 2, H: 2, K: 1, T: 5, S: 5, D: 3 };
const { B, H, K, T, S, D } = sizes;
const shapes = { q: [B, H, T, D], k: [B, K, S, D], v: [B, K, S, D] };
const elu = (x: readonly number[]): number[] => x.map((v) => (v > 0 ? v + 1 : Math.exp(v)));

/** exp(ω·x' − |x'|²/2), x' = x/D^¼, as section 2 has it. */
const positive = (form: FavorAttention) => {
  const omega = form.directions(D);
  return (x: readonly number[]): number[] => {
    const small = x.map((v) => v / D ** 0.25);
    return range(omega.shape[0] as number).map((m) =>
      Math.exp(
        dot(
          range(D).map((d) => omega.at(m, d)),
          small,
        ) -
          dot(small, small) / 2,
      ),
    );
  };
};

const forms: readonly (readonly [string, (causal: boolean, materialise?: boolean) => KernelAttention])[] = [
  ['linear', (causal, materialise) => new LinearAttention({ causal, materialise, chunk: 2 })],
  ['FAVOR+', (causal, materialise) => new FavorAttention({ features: 7, causal, materialise, chunk: 2 })],
];
const cases = forms.flatMap(([name, make]) => [false, true].map((causal) => [name, causal, make] as const));

/** The definition, pair by pair. */
function naive(form: KernelAttention, causal: boolean, counts = (_: number): boolean => true) {
  const phi = form instanceof FavorAttention ? positive(form) : elu;
  return (read: (name: string) => Read): number[] =>
    gathered(sizes, read('v'), (b, h, t) => {
      const q = phi(row(read('q'), b, h, t, D));
      return toOne(range(S).map((s) => ((causal && s > t) || !counts(s) ? 0 : dot(q, phi(row(read('k'), b, 0, s, D))))));
    });
}

test.each(cases)('%s, causal %s: the definition pair by pair, and its gradients', async (_, causal, make) => {
  const module = make(causal);
  const forward = ({ q, k, v }: Record<string, Tensor>): Tensor => module.attend(q as Tensor, k as Tensor, v as Tensor);
  await prove({ module, inputs: shapes, forward, naive: naive(module, causal) });
});

test.each(cases)(
  '%s, causal %s: the same through the pattern, which is the site; keys that do not count weigh nothing',
  async (_, causal, make) => {
    const [form, looked] = [make(causal), make(causal, true)];
    const keys = host([[[[true, false, true, true, false]]]]);
    const run = compile(({ q, k, v }: Record<'q' | 'k' | 'v', Tensor>) => {
      const inputs = { mask: constant(keys) };
      const mixed = looked.attend(q, k, v, inputs);
      const site = sitesOf([mixed]).get('pattern') as Tensor;
      return { fast: form.attend(q, k, v, inputs), mixed, site, pattern: form.pattern(q, k, inputs) };
    });
    const feeds = feedsOf(shapes);
    const got = await run(feeds);
    expect(relativeDifference(got.fast.data, got.mixed.data)).toBeLessThan(1e-5);
    expect(got.site.data).toEqual(got.pattern.data);
    const want = naive(form, causal, (s) => s !== 1 && s !== 4)(readOf(feeds));
    expect(relativeDifference(got.fast.data, want)).toBeLessThan(1e-5);
    await run.dispose();
  },
);

test.each(forms)('%s: token by token from a state of a fixed size, as all at once', async (_, make) => {
  const form = make(true);
  const run = compile(({ q, k, v }: Record<'q' | 'k' | 'v', Tensor>) => {
    const at = (x: Tensor, t: number): Tensor => x.slice([null, null, [t, t + 1]]);
    const early = (x: Tensor): Tensor => x.slice([null, null, [0, 3]]).expand([B, H, 3, D]);
    let state = form.stateOf(early(k), early(v));
    const rows: Tensor[] = [];
    for (let t = 3; t < T; t++) {
      const next = form.step(at(q, t), at(k, t), at(v, t), state);
      rows.push(next.mixed);
      state = next.state;
    }
    const first = form.step(at(q, 0), at(k, 0), at(v, 0)).mixed;
    return { all: form.attend(q, k, v), rows, first };
  });
  const got = await run(feedsOf(shapes));
  got.rows.forEach((r, i) => {
    expect(relativeDifference(r.data, tokenOf(got.all, 3 + i))).toBeLessThan(1e-5);
  });
  expect(relativeDifference(got.first.data, tokenOf(got.all, 0))).toBeLessThan(1e-5);
  await run.dispose();
});

test('redrawn features are others; the same draw is the same again', () => {
  const form = new FavorAttention({ features: 8 });
  const first = form.directions(4).data;
  form.redraw();
  expect(form.directions(4).data).not.toEqual(first);
  form.redraw(0);
  expect(form.directions(4).data).toEqual(first);
});

test('what does not fit', () => {
  expect(() => new FavorAttention({ features: 0 })).toThrow('FAVOR+ attention: features: a whole number from 1; got 0.');
  expect(() => new LinearAttention({ chunk: 1.5 })).toThrow(/chunk: a whole number from 1; got 1.5/);
  const layer = new MultiHeadAttention({ width: 4, heads: 2, attention: new LinearAttention({ causal: true }) });
  const outer = new (class extends MultiHeadAttention {
    readonly inner = layer;
    override forward(x: Tensor, inputs = {}): Tensor {
      return this.inner.forward(x, inputs);
    }
  })({ width: 4, heads: 2 });
  const x = input('x', [1, 3, 4]);
  expect(() => outer.forward(x, { mask: input('m', [3, 3], 'bool') })).toThrow(
    /^linear attention at inner: a mask of keys, the same for every query: .*; got \[3,3\] bool\. Give keys that count, \[B,1,1,S\]/,
  );
  expect(() => layer.forward(x, { bias: input('b', [3, 3]) })).toThrow(/no bias/);
  const [q, k] = [input('q', [1, 2, 3, 4]), input('k', [1, 2, 5, 4])];
  expect(() => new LinearAttention({ causal: true }).attend(q, k, k)).toThrow(/as many keys as queries/);
  expect(() => new LinearAttention().attend(q, k, q)).toThrow(/as many values as keys/);
  expect(() => new LinearAttention().step(q, q, q)).toThrow(/a causal form/);
  expect(() => new LinearAttention({ causal: true }).step(q, q, q)).toThrow(/one token/);
  expect(() => new LinearAttention({ causal: true }).attend(input('q', [1, 2, symbol('T'), 4]), k, k)).toThrow(/a length that is known/);
});
