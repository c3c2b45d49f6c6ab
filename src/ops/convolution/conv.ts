import { addDims, type Dim, equalDims, isFloat, multiplyDims } from '../../core/index.js';
import { defineOp } from '../declare.js';
import { type RefArray, ref } from '../reference.js';
import { applyOne, Tensor } from '../tensor.js';
import { convNodes } from './conv-nodes.js';
import { type ConvolutionOptions, convolvedSize, type Geometry, geometryOf, indicesOf, spatialSizes } from './geometry.js';

const convOp = defineOp<Geometry>({
  name: 'conv',
  doc: 'y[n,m,p] = Σ_{c,k} x[n, c, p·stride + k·dilation − before] w[m,c,k] over 1 to 3 spatial axes; channels in groups.',
  inputs: ['x', 'weight'],
  infer: ({ inputs: [x, w], attrs, refuse }) => {
    if (x === undefined || w === undefined || x.dtype !== w.dtype || !isFloat(x.dtype))
      throw refuse('x and weight of one float dtype are expected', { code: 'dtype' });
    const [sizes, kernel] = [x.shape.slice(2), spatialSizes(w.shape)];
    const open = sizes.some((n, axis) => typeof n !== 'number' && attrs.strides[axis] !== 1);
    if (open || kernel === undefined || sizes.length !== attrs.strides.length || kernel.length !== sizes.length) {
      const axes = `${attrs.strides.length} spatial axes of known sizes (x's may be named where the stride is 1)`;
      throw refuse(`x [N,C,…] and weight [M,C/groups,…] with ${axes} are expected`);
    }
    const [channels, filters] = [x.shape[1] as number, w.shape[0] as number];
    if (channels % attrs.groups !== 0 || filters % attrs.groups !== 0 || !equalDims(w.shape[1] as Dim, channels / attrs.groups)) {
      throw refuse(
        `${channels} channels in ${attrs.groups} groups take a weight [M,${channels / attrs.groups},…], M a multiple of ${attrs.groups}`,
      );
    }
    // What a convolution by 1 leaves of an axis is a sum; the floor of other strides is none of named sizes.
    const out = sizes.map((n, axis) => {
      if (typeof n === 'number') return convolvedSize(n, kernel[axis] as number, axis, attrs);
      return addDims(n, convolvedSize(0, kernel[axis] as number, axis, attrs));
    });
    if (out.some((n) => typeof n === 'number' && n < 1))
      throw refuse('a kernel no larger than the padded input is expected', { fix: 'Pad more, or use a smaller kernel' });
    return [{ shape: [x.shape[0] as Dim, filters, ...out], dtype: x.dtype }];
  },
  vjp: ({ inputs, attrs, g, needs }) => {
    const [x, w] = inputs as [Tensor, Tensor];
    return [
      needs[0] ? g.convTranspose(w, attrs, x.shape.slice(2) as number[]) : undefined,
      needs[1] ? convWeightGradient(x, g, w.shape as number[], attrs) : undefined,
    ];
  },
  order: 'any',
  lower: (e, { inputs, attrs, inputSpecs }) => [convNodes(e, inputs as [string, string], inputSpecs[1]?.shape.slice(2) as number[], attrs)],
  reference: ([input, weight], attrs) => {
    const [x, w] = [input as RefArray, weight as RefArray];
    const [sizes, kernel] = [x.shape.slice(2), w.shape.slice(2)];
    const out = sizes.map((n, axis) => convolvedSize(n, kernel[axis] as number, axis, attrs));
    const [depth, filters] = [w.shape[1] as number, w.shape[0] as number];
    const places = [...indicesOf(kernel)];
    const [plane, window] = [sizes, kernel].map((box) => box.reduce((a, b) => a * b, 1)) as [number, number];
    return [
      ref([x.shape[0] as number, filters, ...out], ([n, m, ...place]) => {
        const first = Math.floor((m as number) / (filters / attrs.groups)) * depth;
        const channel = (n as number) * (x.shape[1] as number) + first;
        let total = 0;
        places.forEach((k, tap) => {
          let at = 0;
          for (let a = 0; a < sizes.length; a++) {
            const size = sizes[a] as number;
            const i =
              (place[a] as number) * (attrs.strides[a] as number) +
              (k[a] as number) * (attrs.dilations[a] as number) -
              (attrs.pads[a]?.[0] ?? 0);
            if (i < 0 || i >= size) return;
            at = at * size + i;
          }
          for (let c = 0; c < depth; c++)
            total += (x.data[(channel + c) * plane + at] as number) * (w.data[((m as number) * depth + c) * window + tap] as number);
        });
        return total;
      }),
    ];
  },
  cases: [
    { attrs: geometryOf(1, {}, 'case'), inputs: [{ shape: [2, 3, 5] }, { shape: [4, 3, 2] }] },
    {
      attrs: geometryOf(
        2,
        {
          strides: [2, 1],
          dilations: [1, 2],
          pads: [
            [1, 0],
            [2, 1],
          ],
          groups: 2,
        },
        'case',
      ),
      inputs: [{ shape: [2, 4, 5, 4] }, { shape: [6, 2, 3, 2] }],
    },
    { attrs: geometryOf(3, { strides: 2, pads: 1 }, 'case'), inputs: [{ shape: [1, 2, 3, 2, 4] }, { shape: [2, 2, 2, 2, 3] }] },
    { attrs: geometryOf(3, { groups: 2 }, 'case'), inputs: [{ shape: [1, 2, 2, 2, 2] }, { shape: [2, 1, 1, 2, 2] }] },
    { attrs: geometryOf(1, { strides: 3, dilations: 2, groups: 3 }, 'case'), inputs: [{ shape: [1, 3, 9] }, { shape: [3, 1, 2] }] },
  ],
});

/**
 * The gradient of a convolution by its weight, itself a convolution: of the inputs with the outputs' gradients, batch and
 * channels exchanged, strides and dilations exchanged. Groups become channels of their own.
 * @param x [N,C,…] @param g [N,M,…] @param shape the weight's, [M,C/groups,…]
 */
export function convWeightGradient(x: Tensor, g: Tensor, shape: readonly number[], geometry: Geometry): Tensor {
  const { groups, strides, dilations } = geometry;
  const [filters, depth] = shape as [number, number];
  const batch = x.shape[0] as Dim;
  const byGroup = (t: Tensor, width: number): Tensor => t.reshape([batch, groups, width, ...t.shape.slice(2)]);
  const rest = shape.slice(2).map((_, axis) => axis + 3);
  const input = byGroup(x, depth).transpose([2, 1, 0, ...rest]); // [C/g, g, N, …]
  const kernel = byGroup(g, filters / groups).transpose([1, 2, 0, ...rest]); // [g, M/g, N, …]
  const swapped: Geometry = { ...geometry, strides: dilations, dilations: strides };
  const image = input.reshape([depth, multiplyDims(batch, groups), ...input.shape.slice(3)]);
  const all = applyOne(convOp, [image, kernel.reshape([filters, batch, ...kernel.shape.slice(3)])], swapped); // [C/g, M, …]
  // Where the stride left a remainder of the input unread, places beyond the kernel come out too.
  const fits = all.slice([null, null, ...shape.slice(2).map((k) => [0, k] as const)]);
  return fits.transpose([1, 0, ...rest.map((axis) => axis - 1)]);
}

/**
 * Convolution over 1 to 3 spatial axes (as deep learning has it: the kernel is not turned over).
 * @param x [N,C,…] @param weight [M,C/groups,…]
 * @returns [N,M,…], each spatial size ⌊(n + before + after − (k − 1)·dilation − 1) / stride⌋ + 1
 * @throws shape: channels that do not fit, a kernel larger than the padded input
 */
export function conv(x: Tensor, weight: Tensor, options: ConvolutionOptions = {}): Tensor {
  return applyOne(convOp, [x, weight], geometryOf(weight.rank - 2, options, 'conv'));
}

declare module '../tensor.js' {
  interface Tensor {
    conv(weight: Tensor, options?: ConvolutionOptions): Tensor;
  }
}
Object.assign(Tensor.prototype, {
  conv(this: Tensor, weight: Tensor, options?: ConvolutionOptions) {
    return conv(this, weight, options);
  },
});
