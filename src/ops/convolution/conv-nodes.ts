import type { Emitter } from '../emitter.js';
import type { Spec } from '../spec.js';
import { attributesOf, type Geometry, reachOf } from './geometry.js';

/**
 * A transposed convolution written as a convolution: zeros between the inputs, as many as the stride leaves out, and the
 * kernel turned over. For engines whose own operator knows two axes only (ONNX Runtime on WebGPU).
 * @param added elements added at each axis's end
 */
export function convTransposeAsConv(
  e: Emitter,
  [x, w]: readonly [string, string],
  [input, weight]: readonly [Spec, Spec],
  geometry: Geometry,
  added: readonly number[],
): string {
  const { strides, dilations, pads, groups } = geometry;
  const [channels, filters, ...kernel] = weight.shape as number[];
  const sizes = input.shape.slice(2) as number[];
  const apart = sizes.reduce((image, _, axis) => {
    const done = sizes.slice(0, axis).map((n, a) => (n - 1) * (strides[a] as number) + 1);
    return withZeros(e, image, [channels as number, ...done, ...sizes.slice(axis)], axis, strides[axis] as number);
  }, x);
  const around = kernel.map((k, axis) => {
    const reach = reachOf(k, dilations[axis] as number) - 1;
    const [before, after] = pads[axis] as readonly [number, number];
    return [reach - before, reach - after + (added[axis] as number)] as const;
  });
  // Padding may be negative: ONNX's Pad then cuts.
  const padded = e.one('Pad', [apart, e.ints([0, 0, ...around.map(([b]) => b), 0, 0, ...around.map(([, a]) => a)])]);
  const perGroup = [groups, (channels as number) / groups, filters as number, ...kernel];
  const byGroup = e.one('Reshape', [w, e.ints(perGroup)]);
  const exchanged = e.one('Transpose', [byGroup], { attributes: { perm: [0, 2, 1, ...kernel.map((_, a) => a + 3)] } });
  const flat = e.one('Reshape', [exchanged, e.ints([groups * (filters as number), (channels as number) / groups, ...kernel])]);
  const axes = kernel.map((_, a) => a + 2);
  const over = e.one('Slice', [
    flat,
    e.ints(axes.map(() => -1)),
    e.ints(axes.map(() => -(2 ** 31))),
    e.ints(axes),
    e.ints(axes.map(() => -1)),
  ]);
  const plain: Geometry = { strides: kernel.map(() => 1), dilations, pads: kernel.map(() => [0, 0] as const), groups };
  return convNodes(e, [padded, over], kernel, plain);
}

/** A convolution; on WebGPU, whose operator knows no groups over three axes, one for each group. */
export function convNodes(e: Emitter, inputs: readonly [string, string], kernel: readonly number[], geometry: Geometry): string {
  const { groups } = geometry;
  if (e.target.provider !== 'webgpu' || kernel.length < 3 || groups === 1) {
    return e.one('Conv', inputs, { attributes: attributesOf(geometry, kernel) });
  }
  const [x, w] = inputs;
  const images = e.many('Split', [x], groups, { attributes: { axis: 1, num_outputs: groups } });
  const kernels = e.many('Split', [w], groups, { attributes: { axis: 0, num_outputs: groups } });
  const attributes = attributesOf({ ...geometry, groups: 1 }, kernel);
  const parts = images.map((image, g) => e.one('Conv', [image, kernels[g] as string], { attributes }));
  return e.one('Concat', parts, { attributes: { axis: 1 } });
}

/** Zeros between the elements of one spatial axis. @param shape of the image, without the batch */
function withZeros(e: Emitter, image: string, shape: readonly number[], axis: number, stride: number): string {
  if (stride === 1) return image;
  const at = axis + 2;
  const n = shape[axis + 1] as number;
  const wide = e.one('Unsqueeze', [image, e.ints([at + 1])]);
  const ends = [...new Array<number>(shape.length + 2).fill(0), ...[0, ...shape, 0].map((_, a) => (a === at + 1 ? stride - 1 : 0))];
  const merged = [-1, ...shape.map((size, a) => (a === axis + 1 ? size * stride : size))];
  const spread = e.one('Reshape', [e.one('Pad', [wide, e.ints(ends)]), e.ints(merged)]);
  return e.one('Slice', [spread, e.ints([0]), e.ints([(n - 1) * stride + 1]), e.ints([at])]);
}
