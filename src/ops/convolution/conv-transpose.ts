import { type Dim, equalDims, isFloat } from '../../core/index.js';
import { defineOp } from '../declare.js';
import { type RefArray, read } from '../reference.js';
import type { Spec } from '../spec.js';
import { applyOne, Tensor } from '../tensor.js';
import { convWeightGradient } from './conv.js';
import { convTransposeAsConv } from './conv-nodes.js';
import {
  attributesOf,
  type ConvolutionOptions,
  convolvedSize,
  type Geometry,
  geometryOf,
  indicesOf,
  reachOf,
  spatialSizes,
} from './geometry.js';

interface ConvTransposeAttrs extends Geometry {
  /** The spatial sizes of the result: several sizes are convolved to one. */
  readonly sizes: readonly number[];
}

const convTransposeOp = defineOp<ConvTransposeAttrs>({
  name: 'conv_transpose',
  doc: 'The adjoint of conv by its input: y[n,m, p·stride + k·dilation − before] += Σ_c x[n,c,p] w[c,m,k].',
  inputs: ['x', 'weight'],
  infer: ({ inputs: [x, w], attrs, refuse }) => {
    if (x === undefined || w === undefined || x.dtype !== w.dtype || !isFloat(x.dtype))
      throw refuse('x and weight of one float dtype are expected', { code: 'dtype' });
    const [sizes, kernel] = [spatialSizes(x.shape), spatialSizes(w.shape)];
    if (sizes === undefined || kernel === undefined || sizes.length !== attrs.sizes.length || kernel.length !== sizes.length) {
      throw refuse(`x [N,C,…] and weight [C,M/groups,…] with ${attrs.sizes.length} spatial axes of known sizes are expected`);
    }
    const channels = x.shape[1] as number;
    if (!equalDims(w.shape[0] as Dim, channels) || channels % attrs.groups !== 0) {
      throw refuse(`a weight [${channels},M/groups,…] and groups that divide ${channels} are expected`);
    }
    const back = attrs.sizes.map((n, axis) => convolvedSize(n, kernel[axis] as number, axis, attrs));
    if (back.some((n, axis) => n !== sizes[axis]))
      throw refuse('a result that convolves to x is expected', { got: `[${attrs.sizes}] which convolves to [${back}]` });
    return [{ shape: [x.shape[0] as Dim, (w.shape[1] as number) * attrs.groups, ...attrs.sizes], dtype: x.dtype }];
  },
  vjp: ({ inputs, attrs, g, needs }) => {
    const [x, w] = inputs as [Tensor, Tensor];
    return [
      needs[0] ? g.conv(w, { ...attrs, pads: attrs.pads }) : undefined,
      needs[1] ? convWeightGradient(g, x, w.shape as number[], attrs) : undefined,
    ];
  },
  order: 'any',
  lower: (e, { inputs, attrs, inputSpecs }) => {
    const kernel = inputSpecs[1]?.shape.slice(2) as number[];
    const sizes = inputSpecs[0]?.shape.slice(2) as number[];
    const added = attrs.sizes.map((n, a) => n - fullSize(sizes[a] as number, kernel[a] as number, a, attrs));
    if (e.target.provider === 'webgpu' && sizes.length === 3) {
      return [convTransposeAsConv(e, inputs as [string, string], inputSpecs as [Spec, Spec], attrs, added)];
    }
    return [e.one('ConvTranspose', inputs, { attributes: { ...attributesOf(attrs, kernel), output_padding: added } })];
  },
  reference: ([input, weight], attrs) => {
    const [x, w] = [input as RefArray, weight as RefArray];
    const [sizes, kernel] = [x.shape.slice(2), w.shape.slice(2)];
    const [channels, filters] = [x.shape[1] as number, w.shape[1] as number];
    const shape = [x.shape[0] as number, filters * attrs.groups, ...attrs.sizes];
    const data = new Float64Array(shape.reduce((a, b) => a * b, 1));
    const places = [...indicesOf(kernel)];
    for (const [n, c, ...p] of indicesOf([x.shape[0] as number, channels, ...sizes])) {
      const first = Math.floor((c as number) / (channels / attrs.groups)) * filters;
      for (const k of places) {
        const at = p.map(
          (i, a) => i * (attrs.strides[a] as number) + (k[a] as number) * (attrs.dilations[a] as number) - (attrs.pads[a]?.[0] ?? 0),
        );
        if (at.some((i, a) => i < 0 || i >= (attrs.sizes[a] as number))) continue;
        for (let m = 0; m < filters; m++) {
          const flat = [n as number, first + m, ...at].reduce((f, i, a) => f * (shape[a] as number) + i, 0);
          (data[flat] as number) += read(x, [n as number, c as number, ...p]) * read(w, [c as number, m, ...k]);
        }
      }
    }
    return [{ shape, data }];
  },
  cases: [
    { attrs: { ...geometryOf(1, { strides: 2 }, 'case'), sizes: [6] }, inputs: [{ shape: [2, 3, 3] }, { shape: [3, 2, 2] }] },
    {
      attrs: {
        ...geometryOf(
          2,
          {
            strides: [2, 3],
            dilations: [2, 1],
            pads: [
              [1, 0],
              [0, 1],
            ],
            groups: 2,
          },
          'case',
        ),
        sizes: [7, 7],
      },
      inputs: [{ shape: [1, 4, 3, 3] }, { shape: [4, 3, 2, 2] }],
    },
    { attrs: { ...geometryOf(3, {}, 'case'), sizes: [3, 2, 3] }, inputs: [{ shape: [1, 2, 2, 1, 2] }, { shape: [2, 1, 2, 2, 2] }] },
    {
      attrs: {
        ...geometryOf(
          3,
          {
            strides: [2, 3, 1],
            dilations: [1, 2, 1],
            pads: [
              [1, 0],
              [0, 1],
              [0, 0],
            ],
            groups: 2,
          },
          'case',
        ),
        sizes: [4, 5, 3],
      },
      inputs: [{ shape: [1, 2, 2, 2, 2] }, { shape: [2, 2, 2, 2, 2] }],
    },
  ],
});

/** What a kernel laid out at every place reaches over, without what is cut away. */
function fullSize(n: number, kernel: number, axis: number, { strides, dilations, pads }: Geometry): number {
  const [before, after] = pads[axis] as readonly [number, number];
  return (n - 1) * (strides[axis] as number) + reachOf(kernel, dilations[axis] as number) - before - after;
}

export interface ConvTransposeOptions extends ConvolutionOptions {
  /** Elements added at each axis's end, fewer than the stride: they tell apart the sizes that convolve to one; 0 by default. */
  readonly outputPadding?: number | readonly number[];
}

/**
 * Transposed convolution over 1 to 3 spatial axes: the gradient of `conv` by its input, as a layer that makes images larger.
 * @param x [N,C,…] @param weight [C,M/groups,…]
 * @returns [N,M,…], each spatial size (n − 1)·stride + (k − 1)·dilation + 1 − before − after + outputPadding
 * @throws shape: channels that do not fit, padding that leaves nothing; value: an output padding not below the stride
 */
export function convTranspose(x: Tensor, weight: Tensor, { outputPadding = 0, ...options }: ConvTransposeOptions = {}): Tensor {
  const geometry = geometryOf(weight.rank - 2, options, 'convTranspose');
  const kernel = weight.shape.slice(2) as number[];
  const added = geometry.strides.map((_, axis) => (typeof outputPadding === 'number' ? outputPadding : (outputPadding[axis] ?? 0)));
  const sizes = (x.shape.slice(2) as number[]).map(
    (n, axis) => fullSize(n, kernel[axis] as number, axis, geometry) + (added[axis] as number),
  );
  return applyOne(convTransposeOp, [x, weight], { ...geometry, sizes });
}

declare module '../tensor.js' {
  interface Tensor {
    /** The gradient by x of a convolution x ↦ y with this geometry, of which this is y's. @param sizes x's spatial sizes */
    convTranspose(weight: Tensor, geometry: Geometry, sizes: readonly number[]): Tensor;
  }
}
Object.assign(Tensor.prototype, {
  convTranspose(this: Tensor, weight: Tensor, geometry: Geometry, sizes: readonly number[]) {
    const { strides, dilations, pads, groups } = geometry;
    return applyOne(convTransposeOp, [this, weight], { strides, dilations, pads, groups, sizes });
  },
});
