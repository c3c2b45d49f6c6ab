import { concat, conv, type Initializer, Parameter, parameterTensor, type Tensor } from '../../ops/index.js';
import { uniform } from '../initializers.js';
import { Module } from '../module.js';
import { fans } from '../scaled-initializers.js';
import { checkKernel, type Padding, padsOf, perAxis } from './padding.js';
import { lengths, normalised } from './weight-norm.js';

export interface ConvLayerOptions {
  /** Sizes of the kernel: as many as spatial axes, 1 to 3. */
  readonly kernel: readonly number[];
  /** One number for all axes, or one each; 1 by default. */
  readonly strides?: number | readonly number[];
  readonly dilations?: number | readonly number[];
  /** No zeros by default. */
  readonly padding?: Padding;
  /** Channels are cut into so many groups, which do not meet; as many as channels: depthwise. */
  readonly groups?: number;
  readonly bias?: boolean;
  /** Length and direction of each filter apart (Salimans and Kingma 2016): adds the parameter `gain`. */
  readonly weightNorm?: boolean;
  readonly initializer?: Initializer | undefined;
}

/** Numbers between ±1/√(numbers an output is made of), as PyTorch's layers start with. */
export const evenByFan: Initializer = (values, shape, key) => {
  const bound = 1 / Math.sqrt(fans(shape).in);
  uniform(-bound, bound)(values, shape, key);
};

/**
 * A convolution over 1 to 3 axes with learned filters: y[n,m,p] = b_m + Σ_{c,k} x[n, c, p·stride + k·dilation − before] w[m,c,k].
 * `weight` [M,C/groups,…], as PyTorch has it; `bias` [M]; with `weightNorm`, w = gain · weight/‖weight‖, `gain` [M].
 * @example new Conv(3, 16, { kernel: [3, 3], padding: 'same' }).forward(images) // [B,3,Y,X] → [B,16,Y,X]
 */
export class Conv extends Module {
  readonly weight: Parameter;
  readonly gain: Parameter | undefined;
  readonly bias: Parameter | undefined;
  readonly options: ConvLayerOptions;

  /** @param from channels read, C @param to channels written, M @throws value: sizes that are none, or do not fit together */
  constructor(from: number, to: number, options: ConvLayerOptions) {
    super();
    const { kernel, groups = 1, bias = true, weightNorm = false, initializer = evenByFan } = options;
    checkKernel('Conv', from, to, kernel, groups);
    const weight = new Parameter([to, from / groups, ...kernel], initializer);
    this.weight = weight;
    // It starts as the lengths that the directions happen to have, so that the layer starts as it would without.
    this.gain = weightNorm ? new Parameter([to], (values) => values.set(lengths(weight.value))) : undefined;
    const bound = 1 / Math.sqrt(fans(weight.shape).in);
    this.bias = bias ? new Parameter([to], uniform(-bound, bound)) : undefined;
    this.options = options;
  }

  /** Places of its input that an output reaches back over, itself left out, along the first axis: (k − 1) · dilation. */
  get memory(): number {
    const { kernel, dilations = 1 } = this.options;
    return ((kernel[0] as number) - 1) * (perAxis(dilations, kernel.length)[0] as number);
  }

  /**
   * @param x [B,C,…] @param past with padding `causal`: what stands before x instead of zeros, [B,C,memory]
   * @returns [B,M,…]
   * @throws shape: channels that do not fit, a kernel larger than the padded input; unsupported: a padding that does not fit
   */
  forward(x: Tensor, past?: Tensor): Tensor {
    const { kernel, strides = 1, dilations = 1, padding = 0, groups = 1 } = this.options;
    const placement = { kernel, strides: perAxis(strides, kernel.length), dilations: perAxis(dilations, kernel.length) };
    const pads = past === undefined ? padsOf(padding, placement) : 0;
    const read = past === undefined ? x : concat([past, x], 2);
    const direction = parameterTensor(this.weight);
    const weight = this.gain === undefined ? direction : normalised(direction, parameterTensor(this.gain));
    return withBias(conv(read, weight, { ...placement, pads, groups }), this.bias);
  }
}

/** @param y [B,M,…] */
export function withBias(y: Tensor, bias: Parameter | undefined): Tensor {
  return bias === undefined ? y : y.add(parameterTensor(bias).reshape([-1, ...y.shape.slice(2).map(() => 1)]));
}
