import { describe, expect, test } from 'vitest';
import {
  FavorAttention,
  type ImpliedAttention,
  LinearAttention,
  LinformerAttention,
  LshAttention,
  MultiHeadAttention,
  NystromAttention,
  Retention,
  SharedQueryKeyAttention,
} from '#dist/attention/index.js';
import { HostArray, host, normal, randomKey, symbol } from '#dist/core/index.js';
import { gradients } from '#dist/grad/index.js';
import { input, type Tensor } from '#dist/ops/index.js';
import { compile, sitesOf } from '#dist/runtime/index.js';
import { relativeDifference } from '../../support/arrays.js';
import { tokenOf } from './loops.js';

/** Long enough that rows are scattered, not multiplied, by the gradient of a gather. */
const [H, T, D] = [2, 2112, 8];
const forms: readonly (readonly [string, boolean, (materialise: boolean) => ImpliedAttention])[] = [
  ['linear', false, (materialise) => new LinearAttention({ materialise })],
  ['linear, causal', true, (materialise) => new LinearAttention({ causal: true, materialise })],
  ['FAVOR+', false, (materialise) => new FavorAttention({ features: 32, materialise })],
  ['FAVOR+, causal', true, (materialise) => new FavorAttention({ features: 32, causal: true, materialise })],
  ['LSH', false, (materialise) => new LshAttention({ buckets: 64, rounds: 2, materialise })],
  ['LSH, causal', true, (materialise) => new LshAttention({ buckets: 64, rounds: 3, causal: true, materialise })],
  ['Linformer', false, (materialise) => new LinformerAttention({ length: T, rank: 32, materialise })],
  ['Nyström', false, (materialise) => new NystromAttention({ landmarks: 32, materialise })],
  ['retention', true, (materialise) => new Retention({ materialise })],
];

const tokens = (name: string, length: number) => {
  const key = randomKey(0, name);
  return host(
    Float32Array.from({ length: H * length * D }, (_, i) => normal(key, i) / 2),
    { shape: [1, H, length, D] },
  );
};

/** LSH has one tensor for queries and keys. */
const attended = (form: ImpliedAttention, q: Tensor, k: Tensor, v: Tensor): Tensor =>
  form.attend(q, form instanceof LshAttention ? q : k, v);

describe.each(forms)('%s', (_, causal, make) => {
  test('over a long text, values and gradients are those through its pattern', async () => {
    const [form, looked] = [make(false), make(true)];
    for (const [name, p] of looked.parameters()) p.value = form.parameters().get(name)?.value ?? p.value;
    const run = compile((q: Tensor, k: Tensor, v: Tensor, g: Tensor) => {
      const both = [form, looked].map((f) => {
        const y = attended(f, q, k, v);
        return { y, grads: gradients(y, f instanceof LshAttention ? [q, v] : [q, k, v], g) };
      });
      return { fast: both[0], slow: both[1] } as {
        fast: { y: Tensor; grads: readonly Tensor[] };
        slow: { y: Tensor; grads: readonly Tensor[] };
      };
    });
    const [q, k, v, g] = ['q', 'k', 'v', 'g'].map((name) => tokens(name, T)) as [never, never, never, ReturnType<typeof tokens>];
    const { fast, slow } = await run(q, k, v, new HostArray(g.data, [1, T, H, D], 'float32'));
    expect(relativeDifference(fast.y.data, slow.y.data)).toBeLessThan(2e-5);
    fast.grads.forEach((grad, i) => {
      expect(relativeDifference(grad.data, slow.grads[i]?.data)).toBeLessThan(1e-4);
    });
    await run.dispose();
  });

  test('the site `pattern` is there when asked for, and no other T·S value', () => {
    const x = input('x', [1, T, H * D]);
    const layer = (materialise: boolean): Tensor => {
      const attention = make(materialise);
      const options = { width: H * D, heads: H, attention };
      return (attention instanceof LshAttention ? new SharedQueryKeyAttention(options) : new MultiHeadAttention(options)).forward(x);
    };
    expect(sitesOf([layer(true)]).get('pattern')?.shape).toEqual([1, H, T, T]);
    const plain = sitesOf([layer(false)]);
    expect(plain.has('pattern')).toBe(false);
    expect([...plain.keys()]).toEqual(expect.arrayContaining(['query', 'value', 'mixed', 'output']));
  });

  test('a batch of any size', () => {
    const free = (): Tensor => input('x', [symbol('B'), H, T, D]);
    expect(attended(make(false), free(), free(), free()).shape.slice(1)).toEqual([T, H, D]);
  });

  test.runIf(causal)('later tokens change nothing before them', async () => {
    const length = 128;
    const form = make(false);
    const run = compile((q: Tensor, k: Tensor, v: Tensor) => ({ y: attended(form, q, k, v) }));
    const given = ['q', 'k', 'v'].map((name) => tokens(name, length));
    const changed = given.map((x) =>
      host(
        Float32Array.from(x.data as Float32Array, (n, i) => (Math.floor(i / D) % length >= 100 ? -n : n)),
        { shape: x.shape },
      ),
    );
    const [before, after] = [await run(...(given as [never, never, never])), await run(...(changed as [never, never, never]))];
    // LSH's chunks are of sorted tokens: what comes later may push others apart, and so forget, but not be seen.
    if (!(form instanceof LshAttention)) for (const t of [0, 50, 99]) expect(tokenOf(after.y, t)).toEqual(tokenOf(before.y, t));
    expect(tokenOf(after.y, 100)).not.toEqual(tokenOf(before.y, 100));
    await run.dispose();
  });
});
