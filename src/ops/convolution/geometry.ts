import { type Dim, fail } from '../../core/index.js';

/** How a kernel goes over spatial axes; a number per axis. */
export interface Geometry {
  readonly strides: readonly number[];
  /** Distance between the kernel's elements. */
  readonly dilations: readonly number[];
  /** Zeros before and after each axis. */
  readonly pads: readonly (readonly [number, number])[];
  /** Channels are cut into so many groups, which do not meet. */
  readonly groups: number;
}

export interface ConvolutionOptions {
  /** One number for all spatial axes, or one each; 1 by default. */
  readonly strides?: number | readonly number[];
  readonly dilations?: number | readonly number[];
  /** Zeros around: one number, one for each axis, or [before, after] for each axis; 0 by default. */
  readonly pads?: number | readonly (number | readonly [number, number])[];
  readonly groups?: number;
}

/** @param axes how many spatial axes @throws value: sizes that are not whole numbers, lists of another length */
export function geometryOf(
  axes: number,
  { strides = 1, dilations = 1, pads = 0, groups = 1 }: ConvolutionOptions,
  where: string,
): Geometry {
  const list = <T>(name: string, value: T | readonly T[]): readonly T[] => {
    const all = Array.isArray(value) ? (value as readonly T[]) : new Array<T>(axes).fill(value as T);
    if (all.length !== axes)
      throw fail('value', { where, rule: `${name}: one number, or one for each of ${axes} axes`, got: `${all.length}` });
    return all;
  };
  const whole = (name: string, least: number, values: readonly number[]): readonly number[] => {
    const bad = values.find((v) => !Number.isInteger(v) || v < least);
    if (bad !== undefined) throw fail('value', { where, rule: `${name}: whole numbers from ${least}`, got: String(bad) });
    return values;
  };
  const both = list<number | readonly [number, number]>('pads', pads as number | readonly (number | readonly [number, number])[]);
  const pairs = both.map((p): readonly [number, number] => (typeof p === 'number' ? [p, p] : p));
  whole('pads', 0, pairs.flat());
  whole('groups', 1, [groups]);
  return {
    strides: whole('strides', 1, list('strides', strides)),
    dilations: whole('dilations', 1, list('dilations', dilations)),
    pads: pairs,
    groups,
  };
}

/** Elements that a dilated kernel reaches over. */
export function reachOf(kernel: number, dilation: number): number {
  return (kernel - 1) * dilation + 1;
}

/** Outputs along one axis of a convolution: ⌊(n + before + after − reach) / stride⌋ + 1. */
export function convolvedSize(n: number, kernel: number, axis: number, { strides, dilations, pads }: Geometry): number {
  const [before, after] = pads[axis] as readonly [number, number];
  return Math.floor((n + before + after - reachOf(kernel, dilations[axis] as number)) / (strides[axis] as number)) + 1;
}

/** ONNX's attributes: all beginnings, then all ends. */
export function attributesOf(
  { strides, dilations, pads, groups }: Geometry,
  kernel: readonly number[],
): Record<string, number | readonly number[]> {
  return {
    kernel_shape: kernel,
    strides,
    dilations,
    pads: [...pads.map(([before]) => before), ...pads.map(([, after]) => after)],
    group: groups,
  };
}

/** Spatial sizes must be known: how often a kernel fits is no polynomial of them. */
export function spatialSizes(shape: readonly Dim[]): readonly number[] | undefined {
  const sizes = shape.slice(2);
  return sizes.every((d): d is number => typeof d === 'number') ? sizes : undefined;
}

/** Every index of a box, the last axis fastest. */
export function* indicesOf(box: readonly number[]): Generator<readonly number[]> {
  const index = box.map(() => 0);
  if (box.some((n) => n === 0)) return;
  for (;;) {
    yield index.slice();
    let axis = box.length - 1;
    while (axis >= 0 && index[axis] === (box[axis] as number) - 1) index[axis--] = 0;
    if (axis < 0) return;
    index[axis] = (index[axis] as number) + 1;
  }
}
