import { afterAll, describe, expect, test } from 'vitest';
import { addDims, type HostArray, host, symbol } from '#dist/core/index.js';
import { concat, expand, input, iota, linear, ones, slice, softmax, type Tensor } from '#dist/ops/index.js';
import { lowerProgram, memory, Program } from '#dist/runtime/index.js';

const [B, T, P] = [symbol('B'), symbol('T'), symbol('P')];
const made: Program[] = [];
afterAll(() => Promise.all(made.map((p) => p.dispose())));

/** One program over inputs of named sizes; by name, what it computes. */
async function program(outputs: Record<string, Tensor>, inputs: readonly Tensor[]): Promise<Program> {
  const declared = inputs.map((spec) => ({ name: (spec.node.attrs as { name: string }).name, spec }));
  const p = await Program.create(lowerProgram(outputs, declared));
  made.push(p);
  return p;
}

const counting = (shape: readonly number[]): HostArray =>
  host(
    Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => (i % 11) - 4),
    { shape },
  );

describe('one program for many sizes', () => {
  test('reshapes that merge and part named axes', async () => {
    const x = input('x', [B, T, 4]);
    const merged = x.reshape([-1, 4]);
    const p = await program({ merged, back: merged.mul(2).reshape([B, T, 2, 2]), flat: x.reshape([-1]) }, [x]);
    for (const [b, t] of [
      [1, 1],
      [2, 3],
      [3, 5],
      [1, 7],
    ] as const) {
      const value = counting([b, t, 4]);
      const { merged: m, back, flat } = await p.run({ x: value });
      expect([m?.shape, back?.shape, flat?.shape]).toEqual([[b * t, 4], [b, t, 2, 2], [b * t * 4]]);
      expect(m?.data).toEqual(value.data);
      expect(Array.from(back?.data as Float32Array)).toEqual(Array.from(value.data as Float32Array, (v) => 2 * v));
    }
  });

  test('expanding to, counting up to and filling named sizes', async () => {
    const [x, row] = [input('x', [B, T]), input('row', [1, T])];
    const p = await program({ wide: expand(row, [B, T]), count: iota(T), filled: ones([T, B]), product: x.mul(expand(row, [B, T])) }, [
      x,
      row,
    ]);
    for (const [b, t] of [
      [1, 4],
      [3, 2],
    ] as const) {
      const rowValue = counting([1, t]);
      const { wide, count, filled, product } = await p.run({ x: counting([b, t]), row: rowValue });
      expect(wide?.toArray()).toEqual(Array.from({ length: b }, () => Array.from(rowValue.data as Float32Array)));
      expect(count?.toArray()).toEqual(Array.from({ length: t }, (_, i) => i));
      expect([filled?.shape, new Set(filled?.data as Float32Array)]).toEqual([[t, b], new Set([1])]);
      expect(product?.data.length).toBe(b * t);
    }
  });

  test('past and new side by side: P + T', async () => {
    const [past, fresh] = [input('past', [B, P, 2]), input('new', [B, T, 2])];
    const all = concat([past, fresh], 1);
    const p = await program(
      { all, rows: all.reshape([-1, 2]), last: slice(all, [null, [-1]]), total: softmax(all, { axis: 1 }).sum({ axis: 1 }) },
      [past, fresh],
    );
    expect(String(all.shape[1])).toBe(String(addDims(P, T)));
    for (const [b, n, t] of [
      [1, 0, 3],
      [1, 3, 1],
      [2, 4, 2],
    ] as const) {
      const [a, c] = [counting([b, n, 2]), counting([b, t, 2])];
      const { all: joined, rows, last, total } = await p.run({ past: a, new: c });
      expect([joined?.shape, rows?.shape, last?.shape]).toEqual([
        [b, n + t, 2],
        [b * (n + t), 2],
        [b, 1, 2],
      ]);
      for (let i = 0; i < n; i++) expect(joined?.at(b - 1, i, 1)).toBe(a.at(b - 1, i, 1));
      for (let i = 0; i < t; i++) expect(joined?.at(b - 1, n + i, 0)).toBe(c.at(b - 1, i, 0));
      expect(last?.at(0, 0, 1)).toBe(c.at(0, t - 1, 1));
      for (const v of total?.data ?? []) expect(v).toBeCloseTo(1, 5);
    }
  });

  test('the declared shapes stand in the model', () => {
    const x = input('x', [B, T, 4]);
    const { model } = lowerProgram({ y: linear(x, input('w', [4, 3])) }, [{ name: 'x', spec: x }]);
    expect(model.graph.inputs[0]?.dims).toEqual(['B', 'T', 4]);
    expect(model.graph.outputs[0]?.dims).toEqual(['B', 'T', 3]);
  });

  test('a size that no input has is an error that names it', () => {
    const x = input('x', [addDims(P, T)]);
    expect(() => lowerProgram({ y: iota(T) }, [{ name: 'x', spec: x }])).toThrow(/every named size .*; got T\./);
  });
});

describe('feeds', () => {
  test('are checked against what was declared, before anything runs', async () => {
    const [x, y] = [input('x', [B, 3]), input('y', [B, 2])];
    const p = await program({ z: concat([x, y], 1) }, [x, y]);
    const good = { x: counting([2, 3]), y: counting([2, 2]) };
    expect((await p.run(good)).z?.shape).toEqual([2, 5]);
    await expect(p.run({ x: good.x })).rejects.toThrow('input y: [B,2] float32; got nothing.');
    await expect(p.run({ ...good, x: counting([2, 4]) })).rejects.toThrow('input x: [B,3] float32; got [2,4] float32.');
    await expect(p.run({ ...good, x: counting([6]) })).rejects.toThrow('got [6] float32.');
    await expect(p.run({ ...good, x: host([[1, 2, 3]], { dtype: 'int32' }) })).rejects.toThrow('got [1,3] int32.');
    await expect(p.run({ ...good, y: counting([3, 2]) })).rejects.toThrow('input y: [B,2] float32; got [3,2] float32.');
    expect((await p.run(good)).z?.shape).toEqual([2, 5]);
  });
});

test('a disposed program says so, and disposing twice is harmless', async () => {
  const before = memory().program?.count ?? 0;
  const x = input('x', [2]);
  const p = await program({ y: x.mul(2) }, [x]);
  expect(memory().program?.count).toBe(before + 1);
  await p.dispose();
  await p.dispose();
  expect(memory().program?.count ?? 0).toBe(before);
  await expect(p.run({ x: host([1, 2]) })).rejects.toMatchObject({ code: 'disposed' });
});
