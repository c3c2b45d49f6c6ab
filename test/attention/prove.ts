import { expect } from 'vitest';
import { HostArray } from '#dist/core/index.js';
import { gradients } from '#dist/grad/index.js';
import type { Module } from '#dist/nn/index.js';
import { parameterTensor, type RefArray, type Tensor } from '#dist/ops/index.js';
import { compile } from '#dist/runtime/index.js';
import { numbers } from '../nn/arrays.js';
import { largestDifference, relativeDifference } from '../support/arrays.js';

/** Step of central differences in float64. */
const step = 1e-3;

/** Parameters of numbers that are large enough to matter, the same for the same names. */
export function givenValues<M extends Module>(module: M): M {
  for (const [name, p] of module.parameters())
    p.value = new HostArray(
      Float32Array.from(numbers(name, p.shape).data, (v) => v / 2),
      p.shape,
      'float32',
    );
  return module;
}

/** An array as a formula reads it: x(i, j, …). */
export type Read = (...index: readonly number[]) => number;

export interface Proof {
  readonly module: Module;
  /** Shapes of the inputs, whose values are normal numbers. */
  readonly inputs: Readonly<Record<string, readonly number[]>>;
  /** Inputs that are not differentiated, as they are. */
  readonly given?: Readonly<Record<string, HostArray>>;
  readonly forward: (inputs: Record<string, Tensor>) => Tensor;
  /** The same by the paper's equations in plain loops: elements of the output in their order. */
  readonly naive: (read: (name: string) => Read) => readonly number[];
}

/**
 * Proves a form: what ONNX Runtime computes, by its own operators alone or fused, is what the plain loops do, and every gradient by inputs and parameters, of a
 * random weighting of the output, is the loops' central difference (of fourth order).
 */
export async function prove({ module, inputs, given = {}, forward, naive }: Proof): Promise<void> {
  const own = module.parameters();
  const arrays = new Map<string, RefArray>(Object.entries(inputs).map(([name, shape]) => [name, numbers(name, shape)]));
  for (const [name, p] of own) arrays.set(name, { shape: p.shape, data: Float64Array.from(p.value.data as Float32Array) });
  const values = (): readonly number[] =>
    naive((name) => {
      const { shape, data } = arrays.get(name) as RefArray;
      return (...index) => {
        if (index.length !== shape.length || index.some((i, a) => i >= (shape[a] as number))) throw new RangeError(`${name}(${index})`);
        return data[index.reduce((at, i, a) => at * (shape[a] as number) + i, 0)] as number;
      };
    });
  const want = values();
  const cotangent = numbers('cotangent', [want.length]).data;
  const loss = (): number => values().reduce((sum, v, i) => sum + v * (cotangent[i] as number), 0);

  const program = (feeds: Record<string, Tensor>, rest: Record<string, Tensor>, weights: Tensor) => {
    const y = forward({ ...feeds, ...rest });
    const by = [...Object.values(feeds), ...[...own.values()].map(parameterTensor)];
    const found = gradients(y, by, weights.reshape(y.shape));
    return { y, grads: Object.fromEntries([...Object.keys(feeds), ...own.keys()].map((n, i) => [n, found[i] as Tensor])) };
  };
  const hostOf = ({ shape, data }: RefArray): HostArray => new HostArray(Float32Array.from(data), shape, 'float32');
  const feeds = Object.fromEntries(Object.keys(inputs).map((name) => [name, hostOf(arrays.get(name) as RefArray)]));
  const results: { y: HostArray; grads: Record<string, HostArray> }[] = [];
  for (const plain of [false, true]) {
    const run = compile(program, { plain });
    results.push(await run(feeds, { ...given }, hostOf({ shape: [want.length], data: cotangent })));
    await run.dispose();
  }
  for (const { y } of results) expect(relativeDifference(y.data, want), 'values').toBeLessThan(1e-5);

  const expected = new Map(
    [...arrays].map(([name, { data }]) => {
      const differences = Array.from(data, (at, k) => {
        const moved = (d: number): number => {
          data[k] = at + d;
          const l = loss();
          data[k] = at;
          return l;
        };
        return (8 * (moved(step) - moved(-step)) - (moved(2 * step) - moved(-2 * step))) / (12 * step);
      });
      return [name, differences] as const;
    }),
  );
  // Some gradients cancel exactly (a bias of all keys): each is measured against the largest of all as well as its own.
  const largest = Math.max(...[...expected.values()].flat().map(Math.abs));
  for (const [name, differences] of expected) {
    const top = Math.max(...differences.map(Math.abs), 0.01 * largest);
    for (const { grads } of results)
      expect(largestDifference(grads[name]?.data, differences) / top, `gradient by ${name}`).toBeLessThan(2e-5);
  }
}
