import { afterAll, describe, expect, test } from 'vitest';
import { Attention, causal, type Past } from '#dist/attention/index.js';
import { type Dim, HostArray, symbol } from '#dist/core/index.js';
import { input, type RefArray, type Tensor } from '#dist/ops/index.js';
import { lowerProgram, Program } from '#dist/runtime/index.js';
import { type Feeds, numbersOf } from '../../grad/programs.js';
import { numbers } from '../../nn/arrays.js';
import { relativeDifference } from '../../support/arrays.js';
import { givenValues } from '../prove.js';
import { formCases } from './cases.js';
import { D, H, V } from './loops.js';

const cleanup: (() => Promise<void>)[] = [];
afterAll(() => Promise.all(cleanup.map((f) => f())));

const K = 2;
const capacity = 6;
/** A memory with holes. */
const filled: RefArray = { shape: [1, capacity], data: Float64Array.of(1, 1, 0, 1, 0, 0) };
const nameOf = (t: Tensor): string => (t.node.attrs as { name: string }).name;
const hostOf = ({ dtype }: Tensor, { data, shape }: RefArray): HostArray =>
  dtype === 'bool' ? new HostArray(Uint8Array.from(data), shape, dtype) : new HostArray(Float32Array.from(data), shape, 'float32');

// One sequence of a length that is named when the program is made, known when it runs; with a memory, as in decoding.
describe.each(formCases)('$name', ({ parts }) => {
  const module = givenValues(new Attention({ ...parts(K), mask: causal }));

  /** The attention of `length` tokens, and its inputs. */
  function graph(length: Dim, remembers: boolean): { readonly y: Tensor; readonly inputs: readonly Tensor[] } {
    const x = [input('q', [1, H, length, D]), input('k', [1, K, length, D]), input('v', [1, K, length, V])] as const;
    const past: Past = {
      keys: input('keys', [1, K, capacity, D]),
      values: input('values', [1, K, capacity, V]),
      filled: input('filled', [1, capacity], 'bool'),
    };
    const y = module.attend(...x, remembers ? { past } : {});
    return { y, inputs: remembers ? [...x, past.keys, past.values, past.filled] : x };
  }

  test.each([false, true])('a length that is known only when it runs, by ONNX Runtime; from a memory %s', async (remembers) => {
    const { y, inputs } = graph(symbol('T'), remembers);
    const declared = inputs.map((spec) => ({ name: nameOf(spec), spec }));
    const program = await Program.create(lowerProgram({ y }, declared, { embedParameters: true }));
    cleanup.push(() => program.dispose());
    for (const length of [1, 4]) {
      const exact = graph(length, remembers);
      const feeds: Feeds = new Map(
        exact.inputs.map((t) => [t, t.dtype === 'bool' ? filled : numbers(nameOf(t), t.shape as readonly number[])]),
      );
      const got = (await program.run(Object.fromEntries([...feeds].map(([t, r]) => [nameOf(t), hostOf(t, r)])))).y as HostArray;
      expect(got.shape).toEqual([1, length, H, V]);
      expect(relativeDifference(got.data, numbersOf(exact.y, feeds))).toBeLessThan(1e-5);
    }
  });
});
