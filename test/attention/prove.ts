import { expect } from 'vitest';
import { HostArray } from '#dist/core/index.js';
import { gradients } from '#dist/grad/index.js';
import type { Module } from '#dist/nn/index.js';
import { parameterTensor, type RefArray, type Tensor } from '#dist/ops/index.js';
import { compile } from '#dist/runtime/index.js';
import { numbers } from '../nn/arrays.js';
import { relativeDifference } from '../support/arrays.js';
import { directionsOf, innerProduct, slopeAlong } from '../support/directions.js';

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

/** Refuses an index outside of the array, which a formula must not have. */
function reader(name: string, { shape, data }: RefArray): Read {
  return (...index) => {
    let at = index.length === shape.length ? 0 : Number.NaN;
    for (let a = 0; a < shape.length; a++) {
      const i = index[a] as number;
      const size = shape[a] as number;
      at = i < size ? at * size + i : Number.NaN;
    }
    const value = data[at];
    if (value === undefined) throw new RangeError(`${name}(${index})`);
    return value;
  };
}

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
 * random weighting of the output, is the loops' central difference (of fourth order), element by element or along random directions.
 */
export async function prove({ module, inputs, given = {}, forward, naive }: Proof): Promise<void> {
  const own = module.parameters();
  const arrays = new Map<string, RefArray>(Object.entries(inputs).map(([name, shape]) => [name, numbers(name, shape)]));
  for (const [name, p] of own) arrays.set(name, { shape: p.shape, data: Float64Array.from(p.value.data as Float32Array) });
  const readers = new Map([...arrays].map(([name, array]) => [name, reader(name, array)]));
  const values = (): readonly number[] => naive((name) => readers.get(name) as Read);
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

  const largestOf = (values: ArrayLike<number>): number => Array.from(values, Math.abs).reduce((a, v) => Math.max(a, v), 0);
  // Some gradients cancel exactly (a bias of all keys): each is measured against the largest of all as well as its own.
  const largest = Math.max(...results.flatMap(({ grads }) => Object.values(grads).map((g) => largestOf(g.data as Float32Array))));
  for (const [name, { data }] of arrays)
    for (const direction of directionsOf(name, data.length)) {
      const slope = slopeAlong(data, direction, loss, step);
      for (const { grads } of results) {
        const gradient = grads[name]?.data as Float32Array;
        const top = Math.max(largestOf(gradient), 0.01 * largest);
        expect(Math.abs(innerProduct(gradient, direction) - slope) / top, `gradient by ${name}`).toBeLessThan(2e-5);
      }
    }
}
