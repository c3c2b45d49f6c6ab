import { describe, expect, test } from 'vitest';
import { HostArray, symbol } from '#dist/core/index.js';
import { valueAndGrad } from '#dist/grad/index.js';
import { input, scan, type Tensor, tanh, tap } from '#dist/ops/index.js';
import { compile, lowerProgram, Program, sitesOf } from '#dist/runtime/index.js';
import { numbers } from '../nn/arrays.js';
import { relativeDifference } from '../support/arrays.js';

const [T, B, H] = [7, 2, 3];
const array = (name: string, shape: readonly number[]): HostArray =>
  new HostArray(Float32Array.from(numbers(name, shape).data), shape, 'float32');
const given = [array('h', [B, H]), array('x', [T, B, H]), array('w', [H, H])] as const;

function step(h: Tensor, x: Tensor, w: Tensor): Tensor {
  return tanh(tap('mixed', h.matmul(w)).add(x));
}

function looped(h: Tensor, xs: Tensor, w: Tensor): Tensor {
  const { carries, outputs } = scan(
    ([c], [x]) => {
      const next = step(c as Tensor, x as Tensor, w);
      return { carries: [next], outputs: [next.mul(next)] };
    },
    [h],
    [xs],
  );
  return (carries[0] as Tensor).sum().add((outputs[0] as Tensor).sum());
}

function unrolled(h: Tensor, xs: Tensor, w: Tensor): Tensor {
  let [state, total] = [h, xs.sum().mul(0)];
  for (const x of xs.split(T, 0)) {
    state = step(state, x.reshape([B, H]), w);
    total = total.add(state.mul(state).sum());
  }
  return total.add(state.sum());
}

describe('a loop on the engine', () => {
  test('has the value and the gradients of its steps written out', async () => {
    const gradsOf = (f: typeof looped) => valueAndGrad((p: { h: Tensor; x: Tensor; w: Tensor }) => f(p.h, p.x, p.w));
    const argument = { h: given[0], x: given[1], w: given[2] };
    const [a, b] = await Promise.all([compile(gradsOf(looped))(argument), compile(gradsOf(unrolled))(argument)]);
    expect(relativeDifference(a.value.data, b.value.data)).toBeLessThan(1e-6);
    for (const name of ['h', 'x', 'w'] as const)
      expect(relativeDifference(a.grads[name].data, b.grads[name].data), name).toBeLessThan(1e-5);
  });

  test('runs its forward steps once: what the backward pass reads is stacked by the same loop', () => {
    const [h, x, w] = given.map((v, i) => input(`in${i}`, v.shape, 'float32')) as [Tensor, Tensor, Tensor];
    const { value, grads } = valueAndGrad((p: { h: Tensor; w: Tensor }) => looped(p.h, x, p.w))({ h, w });
    const { model } = lowerProgram({ value, h: grads.h, w: grads.w }, []);
    expect(model.graph.nodes.filter(({ type }) => type === 'Scan').length).toBe(2);
    // Σ_t h_tᵀ g_t is one product after the loop, not a matrix carried through it.
    const back = model.graph.nodes.filter(({ type }) => type === 'Scan')[1];
    expect(back?.inputs.length).toBeGreaterThan(1);
    expect(back?.attributes.body).toMatchObject({
      value: { inputs: expect.not.arrayContaining([expect.objectContaining({ dims: [H, H] })]) },
    });
  });

  test('taps in a step are sites, stacked along a first axis', async () => {
    const [h, x, w] = given.map((v, i) => input(`in${i}`, v.shape, 'float32')) as [Tensor, Tensor, Tensor];
    const y = looped(h, x, w);
    const site = sitesOf([y]).get('mixed') as Tensor;
    expect(site.shape).toEqual([T, B, H]);
    const program = await Program.create(lowerProgram({ y, site }, []));
    const results = await program.run({ in0: given[0], in1: given[1], in2: given[2] });
    await program.dispose();
    const first = await compile((a: Tensor, b: Tensor) => a.matmul(b))(given[0], given[2]);
    expect(relativeDifference((results.site as HostArray).data.subarray(0, B * H), first.data)).toBeLessThan(1e-6);
  });

  test('takes a named length', async () => {
    const length = symbol('T');
    const xs = input('xs', [length, H]);
    const c = input('c', [H]);
    const { outputs } = scan(
      ([a], [x]) => ({ carries: [(a as Tensor).add(x as Tensor)], outputs: [(a as Tensor).add(x as Tensor)] }),
      [c],
      [xs],
    );
    const program = await Program.create(
      lowerProgram({ sums: outputs[0] as Tensor }, [
        { name: 'xs', spec: xs },
        { name: 'c', spec: c },
      ]),
    );
    for (const n of [1, 5]) {
      const data = Float32Array.from({ length: n * H }, (_, i) => i);
      const { sums } = await program.run({
        xs: new HostArray(data, [n, H], 'float32'),
        c: new HostArray(new Float32Array(H), [H], 'float32'),
      });
      const want = Float32Array.from(data, (_, i) =>
        Array.from({ length: Math.floor(i / H) + 1 }, (__, t) => data[t * H + (i % H)] as number).reduce((p, q) => p + q, 0),
      );
      expect(sums?.data).toEqual(want);
    }
    await program.dispose();
  });
});

describe('what does not fit', () => {
  const [c, xs] = [input('c', [2]), input('xs', [3, 2])];
  const same = ([a]: readonly Tensor[]) => ({ carries: [a as Tensor], outputs: [] });

  test('no sequence, or sequences of different lengths', () => {
    expect(() => scan(same, [c], [])).toThrow('scan: sequences of one length along their first axis; got none.');
    expect(() => scan(same, [c], [xs, input('ys', [4])])).toThrow(
      /sequences of one length along their first axis; got \[3,2\] float32, \[4\] float32/,
    );
  });

  test('carries that change', () => {
    expect(() => scan(([a]) => ({ carries: [(a as Tensor).sum()], outputs: [] }), [c], [xs])).toThrow(
      /carries like those given, \[2\] float32; got \[\] float32/,
    );
  });
});
