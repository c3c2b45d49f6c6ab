import { fail } from '../../core/index.js';
import type { ConvolutionOptions } from '../../ops/index.js';

/**
 * Zeros around a convolution's input. `same`: as many outputs as inputs, what is odd behind (PyTorch's rule), which takes
 * strides of 1. `causal`: all before, along one axis, so that an output sees its own place and earlier ones alone.
 */
export type Padding = 'same' | 'causal' | NonNullable<ConvolutionOptions['pads']>;

/** How a kernel lies over its input, each list an entry for each axis. */
interface Placement {
  readonly kernel: readonly number[];
  readonly strides: readonly number[];
  readonly dilations: readonly number[];
}

/**
 * The padding as numbers, [before, after] for each axis.
 * @throws unsupported: `same` with strides above 1, `causal` along several axes
 */
export function padsOf(padding: Padding, { kernel, strides, dilations }: Placement): NonNullable<ConvolutionOptions['pads']> {
  if (typeof padding !== 'string') return padding;
  const reach = kernel.map((k, axis) => (k - 1) * (dilations[axis] as number));
  if (padding === 'same') {
    if (strides.some((s) => s !== 1)) refuse("strides of 1 with padding 'same'", `${strides}`, 'Give the zeros on each side as numbers');
    return reach.map((r) => [Math.floor(r / 2), Math.ceil(r / 2)] as const);
  }
  if (kernel.length !== 1) refuse("one axis with padding 'causal'", `${kernel.length}`, 'Give the zeros on each side as numbers');
  return [[reach[0] as number, 0]];
}

function refuse(rule: string, got: string, fix: string): never {
  throw fail('unsupported', { where: 'Conv', rule, got, fix });
}

/** One number for all axes, or a list as it is. */
export function perAxis(value: number | readonly number[], axes: number): readonly number[] {
  return typeof value === 'number' ? new Array<number>(axes).fill(value) : value;
}

/** @throws value: channels or kernel sizes that are not whole numbers from 1, groups that do not divide the channels, no axis or more than 3 */
export function checkKernel(where: string, from: number, to: number, kernel: readonly number[], groups: number): void {
  const bad = [from, to, groups, ...kernel].find((n) => !Number.isInteger(n) || n < 1);
  if (bad !== undefined)
    throw fail('value', { where, rule: 'channels, kernel sizes and groups are whole numbers from 1', got: String(bad) });
  if (kernel.length < 1 || kernel.length > 3)
    throw fail('value', { where, rule: 'a kernel of 1 to 3 axes', got: `${kernel.length}`, fix: 'Give a size for each: kernel: [3, 3]' });
  if (from % groups !== 0 || to % groups !== 0)
    throw fail('value', { where, rule: 'groups that divide the channels', got: `${groups} groups of ${from} and ${to} channels` });
}
