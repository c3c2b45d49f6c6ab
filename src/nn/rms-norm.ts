import { Parameter, parameterTensor, rmsNorm, type Tensor } from '../ops/index.js';
import { ones, zeros } from './initializers.js';
import { Module } from './module.js';

/**
 * Root-mean-square normalisation over the last axis, with a learned scale (Zhang and Sennrich 2019):
 * y = x/√(mean(x²) + ε) · w, or · (1 + w) as Gemma stores it (`fromOne`), where zeros are the start.
 */
export class RmsNorm extends Module {
  readonly weight: Parameter;
  readonly epsilon: number;
  readonly fromOne: boolean;

  constructor(width: number, options: { epsilon?: number; fromOne?: boolean } = {}) {
    super();
    this.epsilon = options.epsilon ?? 1e-6;
    this.fromOne = options.fromOne ?? false;
    this.weight = new Parameter([width], this.fromOne ? zeros : ones);
  }

  /** @param x [...,width] @returns [...,width] */
  forward(x: Tensor): Tensor {
    const weight = parameterTensor(this.weight);
    return rmsNorm(x, this.fromOne ? weight.add(1) : weight, { epsilon: this.epsilon });
  }
}
