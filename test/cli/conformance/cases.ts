import { expect } from 'vitest';
import type { AttributeValue, ConformanceCase } from '#dist/cli/conformance/cases.js';
import { runCase } from '#dist/cli/conformance/run.js';
import { HostArray } from '#dist/core/index.js';

/** Numbers of a naive float64 loop, and the shape they stand in, row by row. */
export interface Numbers {
  readonly data: Float64Array;
  readonly shape: readonly number[];
}

/** How the arrays of a case are stored: as float16 what is widened on load, and so rounded before. */
export type Stored = 'float32' | 'float64' | 'float16';

export const size = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);

/** Numbers in −1 … 1 from a seed, each rounded as it is stored, so that the loop sees what the runner sees. */
export function source(seed: number, stored: Stored = 'float32'): (shape: readonly number[]) => Numbers {
  let state = seed + 1;
  const next = (): number => {
    state = (state * 16807) % 2147483647;
    return (state / 2147483647) * 2 - 1;
  };
  return (shape) => ({ data: Float64Array.from({ length: size(shape) }, () => round(next(), stored)), shape });
}

function round(x: number, stored: Stored): number {
  if (stored === 'float64') return x;
  // 11 bits are left of a float16 in this range.
  return stored === 'float32' ? Math.fround(x) : Math.round(x * 2048) / 2048;
}

export function filled(shape: readonly number[], at: (i: number) => number): Numbers {
  return { data: Float64Array.from({ length: size(shape) }, (_, i) => at(i)), shape };
}

/** Index of every axis of the i-th number. */
export function places(i: number, shape: readonly number[]): number[] {
  const out: number[] = [];
  let rest = i;
  for (const n of [...shape].reverse()) {
    out.unshift(rest % n);
    rest = Math.floor(rest / n);
  }
  return out;
}

/** The number at an index of every axis; axes of size 1 are the same everywhere, missing first axes too. */
export function at({ data, shape }: Numbers, index: readonly number[]): number {
  const own = index.slice(index.length - shape.length);
  return data[shape.reduce((n, length, axis) => n * length + (length === 1 ? 0 : (own[axis] as number)), 0)] as number;
}

function stored({ data, shape }: Numbers, as: Stored | 'int32'): HostArray {
  if (as === 'int32') return new HostArray(Int32Array.from(data), shape, 'int32');
  return as === 'float64' ? new HostArray(data, shape, 'float64') : new HostArray(Float32Array.from(data), shape, 'float32');
}

/** An array of whole numbers among a case's inputs. */
export interface Whole {
  readonly whole: Numbers;
}

export function caseOf(
  op: string,
  attributes: Readonly<Record<string, AttributeValue>>,
  inputs: readonly (Numbers | Whole | undefined)[],
  outputs: readonly (Numbers | undefined)[],
  as: Stored = 'float32',
): ConformanceCase {
  return {
    name: 'generated',
    op,
    attributes,
    inputs: inputs.map((x) => x && ('whole' in x ? stored(x.whole, 'int32') : stored(x, as))),
    outputs: outputs.map((y) => y && stored(y, as)),
    half: as === 'float16',
  };
}

/** Runs a case through our functions, and expects all its outputs to be theirs; tells why not. */
export async function expectPassed(given: ConformanceCase): Promise<void> {
  const { passed, largest, reason } = await runCase(given);
  expect({ passed, largest: passed ? 0 : largest, reason }).toEqual({ passed: true, largest: 0, reason: undefined });
}
