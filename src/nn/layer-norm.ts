import { layerNorm, Parameter, parameterTensor, type Tensor } from '../ops/index.js';
import { ones, zeros } from './initializers.js';
import { Module } from './module.js';

/** Layer normalisation over the last axis, with learned scale and shift (Ba et al. 2016). */
export class LayerNorm extends Module {
  readonly weight: Parameter;
  readonly bias: Parameter | undefined;
  readonly epsilon: number;

  constructor(width: number, options: { bias?: boolean; epsilon?: number } = {}) {
    super();
    this.weight = new Parameter([width], ones);
    this.bias = (options.bias ?? true) ? new Parameter([width], zeros) : undefined;
    this.epsilon = options.epsilon ?? 1e-5;
  }

  /** @param x [...,width] @returns [...,width] */
  forward(x: Tensor): Tensor {
    return layerNorm(x, parameterTensor(this.weight), { bias: this.bias && parameterTensor(this.bias), epsilon: this.epsilon });
  }
}
