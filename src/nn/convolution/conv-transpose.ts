import { type ConvTransposeOptions, convTranspose, Parameter, parameterTensor, type Tensor } from '../../ops/index.js';
import { uniform } from '../initializers.js';
import { Module } from '../module.js';
import { fans } from '../scaled-initializers.js';
import { type ConvLayerOptions, evenByFan, withBias } from './conv.js';
import { checkKernel } from './padding.js';

export interface ConvTransposeLayerOptions
  extends Pick<ConvLayerOptions, 'kernel' | 'bias' | 'initializer'>,
    Pick<ConvTransposeOptions, 'strides' | 'dilations' | 'pads' | 'groups' | 'outputPadding'> {}

/**
 * A transposed convolution with learned filters, which makes images larger: the gradient of a convolution by its input
 * (Zeiler et al. 2010, "Deconvolutional Networks"). `weight` [C,M/groups,…], as PyTorch has it; `bias` [M].
 * @example new ConvTranspose(16, 3, { kernel: [2, 2], strides: 2 }).forward(x) // [B,16,Y,X] → [B,3,2Y,2X]
 */
export class ConvTranspose extends Module {
  readonly weight: Parameter;
  readonly bias: Parameter | undefined;
  readonly options: ConvTransposeLayerOptions;

  /** @param from channels read, C @param to channels written, M @throws value: sizes that are none, or do not fit together */
  constructor(from: number, to: number, options: ConvTransposeLayerOptions) {
    super();
    const { kernel, groups = 1, bias = true, initializer = evenByFan } = options;
    checkKernel('ConvTranspose', from, to, kernel, groups);
    this.weight = new Parameter([from, to / groups, ...kernel], initializer);
    const bound = 1 / Math.sqrt(fans(this.weight.shape).in);
    this.bias = bias ? new Parameter([to], uniform(-bound, bound)) : undefined;
    this.options = options;
  }

  /** @param x [B,C,…] @returns [B,M,…] @throws as `convTranspose` */
  forward(x: Tensor): Tensor {
    const { kernel: _, bias: __, initializer: ___, ...options } = this.options;
    return withBias(convTranspose(x, parameterTensor(this.weight), options), this.bias);
  }
}
