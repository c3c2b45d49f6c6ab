import { describe, expect, test } from 'vitest';
import { HostArray, normal, randomKey, symbol } from '#dist/core/index.js';
import { input, linear, matmul, Parameter, parameterTensor, type Tensor } from '#dist/ops/index.js';
import { lowerProgram, memory, Program, type ProgramOptions } from '#dist/runtime/index.js';
import { expectNoMoreMemory } from '../support/no-more-memory.js';

/** Programs that predict one token: fewer rows, fewer operators, the same numbers. */
function array(shape: readonly number[], name: string): HostArray {
  const data = Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => normal(randomKey(1, name), i));
  return new HostArray(data, shape, 'float32');
}

function typesOf(outputs: Record<string, Tensor>, inputs: Record<string, Tensor>, options: ProgramOptions = {}): string[] {
  const declared = Object.entries(inputs).map(([name, spec]) => ({ name, spec }));
  return lowerProgram(outputs, declared, options).model.graph.nodes.map((n) => n.type);
}

async function run(
  outputs: Record<string, Tensor>,
  feeds: Record<string, HostArray>,
  inputs: Record<string, Tensor>,
  options: ProgramOptions = {},
) {
  const declared = Object.entries(inputs).map(([name, spec]) => ({ name, spec }));
  const program = await Program.create(lowerProgram(outputs, declared, options), options);
  try {
    return await program.run(feeds);
  } finally {
    await program.dispose();
  }
}

describe('rows cut out of a product', () => {
  const x = input('x', [2, symbol('T'), 6]);
  const w = input('w', [6, 5]);
  const b = input('b', [5]);
  const feeds = { x: array([2, 7, 6], 'x'), w: array([6, 5], 'w'), b: array([5], 'b') };

  test('are the product of the rows cut out: the slice comes first, the numbers stay', async () => {
    const all = linear(x, w, { bias: b });
    const last = all.slice([null, [-1]]);
    const types = typesOf({ last }, { x, w, b });
    expect(types.indexOf('Slice')).toBeLessThan(types.indexOf('Gemm'));
    expect(types.indexOf('Slice')).toBeGreaterThanOrEqual(0);
    const got = (await run({ last }, feeds, { x, w, b })).last;
    // Read twice, the product is computed whole: that is what the rows are compared with.
    const whole = (await run({ all: linear(x, w, { bias: b }) }, feeds, { x, w, b })).all;
    expect(got?.shape).toEqual([2, 1, 5]);
    for (let i = 0; i < 2; i++) for (let c = 0; c < 5; c++) expect(got?.at(i, 0, c)).toBeCloseTo(whole?.at(i, 6, c) as number, 5);
  });

  test('are cut out afterwards where the whole product is read too, or where columns are cut', () => {
    const all = linear(x, w);
    for (const outputs of [{ all, last: all.slice([null, [-1]]) }, { part: linear(x, w).slice([null, null, [1, 3]]) }]) {
      const types = typesOf(outputs as Record<string, Tensor>, { x, w });
      expect(types.indexOf('Slice')).toBeGreaterThan(types.indexOf('Gemm'));
    }
  });
});

test('one row times a matrix takes its scale on the row, with the same result', async () => {
  const [q, k] = [input('q', [2, 3, 1, 4]), input('k', [2, 3, symbol('P'), 4])];
  const feeds = { q: array([2, 3, 1, 4], 'q'), k: array([2, 3, 9, 4], 'k') };
  const scores = matmul(q, k, { transposeB: true, scale: 0.3 });
  for (const plain of [false, true]) {
    const got = (await run({ scores }, feeds, { q, k }, { plain })).scores;
    for (let p = 0; p < 9; p++) {
      const expected = [0, 1, 2, 3].reduce((s, d) => s + feeds.q.at(1, 2, 0, d) * feeds.k.at(1, 2, p, d), 0) * 0.3;
      expect(got?.at(1, 2, 0, p)).toBeCloseTo(expected, 5);
    }
  }
  expect(typesOf({ scores }, { q, k })).toEqual(['Mul', 'FusedMatMul']);
  // Without batch axes too, where sizes are known: the scale counts once.
  const [a, b] = [input('a', [1, 4]), input('b', [9, 4])];
  const flat = { a: array([1, 4], 'a'), b: array([9, 4], 'b') };
  const y = (await run({ y: matmul(a, b, { transposeB: true, scale: 0.3 }) }, flat, { a, b })).y;
  for (let p = 0; p < 9; p++) {
    const expected = [0, 1, 2, 3].reduce((s, d) => s + flat.a.at(0, d) * flat.b.at(p, d), 0) * 0.3;
    expect(y?.at(0, p)).toBeCloseTo(expected, 5);
  }
});

test('a transpose that moves only axes of size 1 is a reshape; one that moves others is not', async () => {
  const x = input('x', [1, 1, 3, 2, 5]);
  expect(typesOf({ y: x.transpose([2, 0, 3, 1, 4]) }, { x })).toEqual(['Reshape']);
  expect(typesOf({ y: x.transpose([3, 0, 2, 1, 4]) }, { x })).toEqual(['Transpose']);
  const y = (await run({ y: x.transpose([2, 0, 3, 1, 4]) }, { x: array([1, 1, 3, 2, 5], 'x') }, { x })).y;
  expect(y?.shape).toEqual([3, 1, 2, 1, 5]);
  expect(y?.at(2, 0, 1, 0, 4)).toBe(array([1, 1, 3, 2, 5], 'x').at(0, 0, 2, 1, 4));
});

test('operators that two ops write alike are written once', () => {
  const [q, k, mask] = [input('q', [1, 4]), input('k', [3, 4]), input('mask', [1, 3], 'bool')];
  const one = matmul(q, k, { transposeB: true }).softmax({ mask });
  const two = matmul(q, k.mul(2), { transposeB: true }).softmax({ mask });
  expect(typesOf({ one, two }, { q, k, mask }).filter((t) => t === 'Where')).toHaveLength(1);
});

test('weights held by a program are those it was made with; fed ones are those of the call', async () => {
  const large = new Parameter([256, 128], (values) => values.fill(1));
  const x = input('x', [1, 256]);
  const y = linear(x, parameterTensor(large)).reshape([128]);
  const feeds = { x: new HostArray(new Float32Array(256).fill(1), [1, 256], 'float32') };
  const before = memory();
  const held = await Program.create(lowerProgram({ y }, [{ name: 'x', spec: x }], { embedParameters: true }));
  const fed = await Program.create(lowerProgram({ y }, [{ name: 'x', spec: x }]));
  expect((await held.run(feeds)).y?.at(5)).toBe(256);
  large.value = new HostArray(new Float32Array(256 * 128).fill(2), [256, 128], 'float32');
  expect((await held.run(feeds)).y?.at(5)).toBe(256);
  expect((await fed.run(feeds)).y?.at(5)).toBe(512);
  // The same array with other numbers in it: read again at every run.
  feeds.x.data.fill(3 as never);
  expect((await fed.run(feeds)).y?.at(5)).toBe(1536);
  await Promise.all([held.dispose(), fed.dispose()]);
  expectNoMoreMemory(before);
});
