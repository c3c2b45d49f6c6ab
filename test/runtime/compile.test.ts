import * as ort from 'onnxruntime-node';
import { afterAll, afterEach, describe, expect, test } from 'vitest';
import { HeadlightError, type HostArray, host } from '#dist/core/index.js';
import { decodeModel } from '#dist/onnx/index.js';
import { constant, dropout, gather, linear, matmul, Parameter, parameterTensor, softmax, type Tensor } from '#dist/ops/index.js';
import { compile, memory } from '#dist/runtime/index.js';

const made: { dispose(): Promise<void> }[] = [];
afterAll(() => Promise.all(made.map((m) => m.dispose())));
function kept<F extends { dispose(): Promise<void> }>(f: F): F {
  made.push(f);
  return f;
}

describe('arguments and results', () => {
  test('the example of the documentation', async () => {
    const gram = kept(compile((x: Tensor) => softmax(matmul(x, x.transpose()))));
    const y = await gram([
      [1, 2],
      [3, 4],
    ]);
    const rows = [
      [5, 11],
      [11, 25],
    ]
      .map((r) => r.map((v) => Math.exp(v - Math.max(...r))))
      .map((r) => r.map((v) => v / (r[0] as number) / (1 + (r[1] as number) / (r[0] as number))));
    rows.forEach((r, i) => {
      r.forEach((v, j) => {
        expect(y.at(i, j)).toBeCloseTo(v, 6);
      });
    });
  });

  test('may be nested objects and lists, and come back in their form', async () => {
    const f = kept(
      compile((p: { w: Tensor; layers: readonly { b: Tensor }[] }, x: Tensor) => ({
        sum: p.layers.reduce((s, { b }) => s.add(b), x.mul(p.w)),
        pair: [x, { twice: x.mul(2) }] as const,
      })),
    );
    const result = await f({ w: 3, layers: [{ b: [1, 1] }, { b: host([10, 20]) }] }, [1, 2]);
    expect(result.sum.toArray()).toEqual([14, 27]);
    expect(result.pair[0].toArray()).toEqual([1, 2]);
    expect(result.pair[1].twice.toArray()).toEqual([2, 4]);
  });

  test('an argument list of arrays is a list when its items are arrays of their own', async () => {
    const f = kept(compile((xs: readonly Tensor[]) => xs.reduce((a, b) => a.add(b))));
    expect((await f([host([1, 2]), host([3, 4]), host([10])])).toArray()).toEqual([14, 16]);
  });

  test('numbers are scalars, booleans are masks, integers index', async () => {
    const f = kept(compile((s: Tensor, m: Tensor, i: Tensor) => gather(s.mul(m.cast('float32')), i)));
    const y = await f(2.5, [true, false, true], host([2, 1, 2], { dtype: 'int32' }));
    expect(y.toArray()).toEqual([2.5, 0, 2.5]);
    const scalar = await kept(compile((s: Tensor) => s.add(1)))(2);
    expect([scalar.shape, scalar.item()]).toEqual([[], 3]);
  });

  test('an argument that is returned, one result twice, constants alone, and an argument nobody reads', async () => {
    const f = kept(
      compile((x: Tensor, _unused: Tensor) => {
        const y = x.mul(2);
        return { x, y, again: y, also: x, five: constant(host([5])) };
      }),
    );
    const r = await f([1, 2], [0]);
    expect(Object.values(r).map((v: HostArray) => v.toArray())).toEqual([[1, 2], [2, 4], [2, 4], [1, 2], [5]]);
    const nothing = kept(compile(() => constant(host([1, 2])).mul(2)));
    expect((await nothing()).toArray()).toEqual([2, 4]);
  });

  test('names that look alike do not mix: a field `a.b` and a field of a field', async () => {
    const f = kept(compile((p: { 'a.b': Tensor; a: { b: Tensor } }) => ({ 'c.d': p['a.b'].mul(1), c: { d: p.a.b.mul(1) } })));
    const r = await f({ 'a.b': [1], a: { b: [2] } });
    expect([r['c.d'].item(), r.c.d.item()]).toEqual([1, 2]);
  });

  test('what is fed is read, not kept: changing an array changes the next call alone', async () => {
    const f = kept(compile((x: Tensor) => x.mul(2)));
    const x = host([1, 2]);
    const first = await f(x);
    x.data[0] = 10;
    expect((await f(x)).toArray()).toEqual([20, 4]);
    expect(first.toArray()).toEqual([2, 4]);
  });

  test('parameters are read as they are at each call', async () => {
    const w = new Parameter([2], (values) => values.fill(1));
    const f = kept(compile((x: Tensor) => x.mul(parameterTensor(w))));
    expect((await f([1, 2])).toArray()).toEqual([1, 2]);
    w.value = host([3, 4]);
    expect((await f([1, 2])).toArray()).toEqual([3, 8]);
  });
});

describe('programs', () => {
  test('there is one per shapes and dtypes, and memory() counts them until disposed', async () => {
    const before = memory().program ?? { count: 0, bytes: 0 };
    let traces = 0;
    const f = compile((x: Tensor) => {
      traces++;
      return x.mul(2);
    });
    for (const x of [[1, 2], [3, 4], [1, 2, 3], [[1, 2]], 5, 6]) await f(x as number[]);
    await f(host([1, 2], { dtype: 'int32' }));
    expect([f.programs, traces]).toEqual([5, 5]);
    expect(memory().program?.count).toBe(before.count + 5);
    expect(memory().program?.bytes).toBeGreaterThan(before.bytes);
    await f.dispose();
    await f.dispose();
    expect(memory().program ?? { count: 0, bytes: 0 }).toEqual(before);
    expect(f.programs).toBe(0);
  });

  test('a disposed function starts anew when called', async () => {
    const f = kept(compile((x: Tensor) => x.mul(2)));
    await f([1]);
    await f.dispose();
    expect((await f([4])).toArray()).toEqual([8]);
  });

  test('calls at the same time share the one program', async () => {
    const f = kept(compile((x: Tensor) => x.mul(2)));
    const results = await Promise.all([1, 2, 3, 4].map((n) => f([n])));
    expect(results.map((r) => r.item())).toEqual([2, 4, 6, 8]);
    expect(f.programs).toBe(1);
  });
});

describe('dropout', () => {
  const x = host(new Float32Array(400).fill(1));
  const program = (seed: number) => kept(compile((t: Tensor) => [dropout(t, 0.25), dropout(t, 0.25)] as const, { training: { seed } }));

  test('is of its rate, scaled; two layers and two calls draw otherwise; a seed repeats', async () => {
    const f = program(1);
    const [a, b] = await f(x);
    const [c] = await f(x);
    for (const y of [a, b, c]) {
      expect([...new Set(y.data as Float32Array)].sort()).toEqual([0, Math.fround(1 / 0.75)]);
      const dropped = Array.from(y.data as Float32Array).filter((v) => v === 0).length;
      // 400 draws at 1/4: 100 ± 8.7.
      expect(Math.abs(dropped - 100)).toBeLessThan(35);
    }
    expect(a.data).not.toEqual(b.data);
    expect(a.data).not.toEqual(c.data);
    const again = program(1);
    expect((await again(x))[0].data).toEqual(a.data);
    expect((await again(x))[0].data).toEqual(c.data);
    expect((await program(2)(x))[0].data).not.toEqual(a.data);
  });

  test('does nothing outside training', async () => {
    const f = kept(compile((t: Tensor) => dropout(t, 0.25)));
    expect((await f(x)).data).toEqual(x.data);
  });

  test('the mask is one value within a program: forward and backward use the same', async () => {
    const f = kept(
      compile(
        (t: Tensor) => {
          const y = dropout(t, 0.5);
          return y.mul(y).sub(y.mul(y));
        },
        { training: { seed: 3 } },
      ),
    );
    expect(new Set((await f(x)).data as Float32Array)).toEqual(new Set([0]));
  });
});

describe('misuse', () => {
  const failure = async (work: () => unknown): Promise<HeadlightError> => {
    try {
      await work();
    } catch (error) {
      if (error instanceof HeadlightError) return error;
      throw error;
    }
    throw new Error('nothing was thrown');
  };

  test('shapes that do not fit fail at the trace, in the design’s words', async () => {
    const f = compile((x: Tensor, w: Tensor) => linear(x, w));
    const error = await failure(() => f([[1, 2, 3]], [[1], [2]]));
    expect(error.message).toBe(
      'linear: the last axis of x must be 2, the width the weight takes; got x=[1,3] float32, weight=[2,1] float32.',
    );
    expect([error.code, f.programs]).toEqual(['shape', 0]);
  });

  test('ragged arguments, and arguments that are no arrays', async () => {
    const f = compile((x: Tensor) => x.mul(2));
    expect((await failure(() => f([[1, 2], [3]]))).message).toMatch(/^host: nested arrays must be rectangular/);
    expect((await failure(() => f('text' as unknown as number[]))).message).toBe(
      'argument 0: arrays, or nested objects and lists of arrays; got string.',
    );
    expect((await failure(() => f({ x: null } as unknown as number[]))).message).toMatch(/^argument 0\.x: .*got null\.$/);
  });

  test('results that are no tensors', async () => {
    const number = compile((() => 3) as unknown as () => Tensor);
    expect((await failure(() => number())).message).toBe('result at the root: arrays, or nested objects and lists of arrays; got number.');
    const field = compile((() => ({ loss: undefined })) as unknown as () => { loss: Tensor });
    expect((await failure(() => field())).message).toMatch(/^result loss: .*got undefined\.$/);
    const none = compile(() => []);
    expect((await failure(() => none())).message).toBe('compile: the function returns tensors; got none.');
  });

  test('an error within the function passes through, and the next call may go well', async () => {
    let broken = true;
    const f = kept(
      compile((x: Tensor) => {
        if (broken) throw new RangeError('mine');
        return x.mul(2);
      }),
    );
    await expect(f([1])).rejects.toThrow(RangeError);
    broken = false;
    expect((await f([1])).toArray()).toEqual([2]);
  });

  test('a failure inside ONNX Runtime is an engine error with its cause, and dispose() stays harmless', async () => {
    const f = compile((x: Tensor, i: Tensor) => gather(x, i));
    const error = await failure(() => f([1, 2], host([5], { dtype: 'int32' })));
    expect(error.code).toBe('engine');
    expect(error.message).toMatch(/^running a program: ONNX Runtime accepts the program; got .*gather/);
    expect(error.cause).toBeInstanceOf(Error);
    await f.dispose();
  });
});

describe('.onnx(…)', () => {
  const w = new Parameter([3, 2], (values) => {
    for (let i = 0; i < values.length; i++) values[i] = i - 2;
  });
  const network = (x: Tensor): Tensor =>
    softmax(
      linear(x, parameterTensor(w))
        .matmul([
          [1, 2],
          [3, 4],
        ])
        .mul(0.5),
    );
  const x = [[1, -1, 2]];
  let session: ort.InferenceSession | undefined;
  afterEach(async () => {
    await session?.release();
    session = undefined;
  });

  test('is a model that a session of its own runs to the same numbers', async () => {
    const f = kept(compile(network, { embedParameters: true }));
    const expected = await f(x);
    session = await ort.InferenceSession.create(f.onnx(x));
    expect(session.inputNames).toHaveLength(1);
    const results = await session.run({ [session.inputNames[0] as string]: new ort.Tensor('float32', x.flat(), [1, 3]) });
    expect(results[session.outputNames[0] as string]?.data).toEqual(expected.data);
  });

  test('names its inputs, parameters and results, and decodes to what was declared', () => {
    const { graph, opsets } = decodeModel(compile(network).onnx(x));
    expect(graph.inputs.map((v) => [v.type, v.dims])).toEqual([
      ['float32', [1, 3]],
      ['float32', [3, 2]],
    ]);
    expect(graph.outputs.map((v) => [v.type, v.dims])).toEqual([['float32', [1, 2]]]);
    expect(opsets.map((o) => o.domain)).toEqual(['', 'com.microsoft']);
  });

  test('`plain` has ONNX’s own operators alone, and the same numbers', async () => {
    const turned = (t: Tensor): Tensor =>
      matmul(
        network(t).add([
          [1, 2],
          [3, 4],
          [5, 6],
        ]),
        t
          .transpose()
          .sum({ axis: 1 })
          .reshape([3, 1])
          .mul([[1, 2]]),
        { transposeB: true, scale: 0.3 },
      );
    const [plain, fused] = [kept(compile(turned, { plain: true })), kept(compile(turned))];
    const model = decodeModel(plain.onnx(x));
    expect(new Set(model.graph.nodes.map((n) => n.domain))).toEqual(new Set(['']));
    expect(model.opsets.map((o) => o.domain)).toEqual(['']);
    expect(decodeModel(fused.onnx(x)).graph.nodes.some((n) => n.domain === 'com.microsoft')).toBe(true);
    const [a, b] = [await plain(x), await fused(x)];
    a.data.forEach((v, i) => {
      expect(Number(v)).toBeCloseTo(Number(b.data[i]), 5);
    });
  });

  test('does not make a session', () => {
    const before = memory().program?.count ?? 0;
    compile(network).onnx(x);
    expect(memory().program?.count ?? 0).toBe(before);
  });
});

test('a typed array is one array, of the dtype its class says', async () => {
  const double = compile((x: Tensor) => x.add(x));
  expect((await double(Float32Array.of(1, 2.5))).toArray()).toEqual([2, 5]);
  expect((await double(Int32Array.of(3, 4))).dtype).toBe('int32');
  await double.dispose();
});

test('a tensor kept from another trace, a missing argument and an operand that is no number are refused', async () => {
  let kept: Tensor | undefined;
  const first = compile((x: Tensor) => {
    kept = x;
    return x.add(1);
  });
  await first(host([1, 2]));
  const second = compile((x: Tensor) => x.add(kept as Tensor));
  await expect(second(host([3, 4]))).rejects.toThrow(/the argument .* of another program/);
  const sum = compile((a: Tensor, b: Tensor) => a.add(b));
  await expect((sum as unknown as (a: HostArray) => Promise<HostArray>)(host([1]))).rejects.toThrow(/numbers or booleans.*got undefined/);
  const text = compile((a: Tensor) => a.add('x' as unknown as number));
  await expect(text(host([1]))).rejects.toThrow(/numbers or booleans.*got string/);
});
