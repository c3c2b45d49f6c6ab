import { fail } from '../core/index.js';
import type { Initializer } from '../ops/index.js';
import { normal, uniform } from './initializers.js';

/**
 * How many numbers each output of a weight is made of, and how many outputs each input goes into. A matrix is [in,out], as
 * `Linear` has it; a kernel of a convolution [out,in,…]: each of its places counts.
 * @throws shape: a weight of fewer than two axes
 */
export function fans(shape: readonly number[]): { readonly in: number; readonly out: number } {
  const [first, second, ...places] = shape;
  if (first === undefined || second === undefined) {
    throw fail('shape', {
      where: 'initializer',
      rule: 'a weight of two axes or more, whose size decides the spread',
      got: `[${shape}]`,
      fix: 'Take zeros, ones or normal for vectors',
    });
  }
  if (places.length === 0) return { in: first, out: second };
  const field = places.reduce((a, b) => a * b, 1);
  return { in: second * field, out: first * field };
}

/** Gaussian numbers of the deviation that a weight's fans call for. */
function normalBy(deviation: (shape: readonly number[]) => number): Initializer {
  return (values, shape, key) => normal(deviation(shape))(values, shape, key);
}

/** Even numbers of the deviation that a weight's fans call for: between ±√3 of it. */
function uniformBy(deviation: (shape: readonly number[]) => number): Initializer {
  return (values, shape, key) => {
    const bound = Math.sqrt(3) * deviation(shape);
    uniform(-bound, bound)(values, shape, key);
  };
}

function xavier(gain: number): (shape: readonly number[]) => number {
  return (shape) => gain * Math.sqrt(2 / (fans(shape).in + fans(shape).out));
}

/** Deviation gain · √(2 / (in + out)), evenly spread (Glorot and Bengio 2010, eq. 16): outputs and gradients keep their variance through linear layers. */
export function xavierUniform(gain = 1): Initializer {
  return uniformBy(xavier(gain));
}

/** The same deviation, Gaussian (Glorot and Bengio 2010, eq. 12). */
export function xavierNormal(gain = 1): Initializer {
  return normalBy(xavier(gain));
}

export interface FanOptions {
  /** What keeps its variance: outputs (`in`, by default) or gradients (`out`). */
  readonly fan?: 'in' | 'out';
  /** Of the leaky rectifier that follows; 0, of a plain one, by default. */
  readonly slope?: number;
}

function kaiming({ fan = 'in', slope = 0 }: FanOptions): (shape: readonly number[]) => number {
  return (shape) => Math.sqrt(2 / ((1 + slope ** 2) * fans(shape)[fan]));
}

/** Deviation √(2 / ((1 + slope²) · fan)), evenly spread (He et al. 2015, eq. 10 and 15): what a rectifier loses is made up. */
export function kaimingUniform(options: FanOptions = {}): Initializer {
  return uniformBy(kaiming(options));
}

/** The same deviation, Gaussian (He et al. 2015, eq. 10). */
export function kaimingNormal(options: FanOptions = {}): Initializer {
  return normalBy(kaiming(options));
}
