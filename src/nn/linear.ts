import { type Initializer, linear, Parameter, parameterTensor, type Tensor } from '../ops/index.js';
import { normal, zeros } from './initializers.js';
import { Module } from './module.js';

export interface LinearOptions {
  readonly bias?: boolean;
  readonly initializer?: Initializer | undefined;
  /** Zeros by default. */
  readonly biasInitializer?: Initializer | undefined;
}

/** y = x W + b, W [in,out] (the order GPT-2's checkpoints use). */
export class Linear extends Module {
  readonly weight: Parameter;
  readonly bias: Parameter | undefined;

  constructor(widthIn: number, widthOut: number, options: LinearOptions = {}) {
    super();
    this.weight = new Parameter([widthIn, widthOut], options.initializer ?? normal(0.02));
    this.bias = (options.bias ?? true) ? new Parameter([widthOut], options.biasInitializer ?? zeros) : undefined;
  }

  /** @param x [...,in] @returns [...,out] */
  forward(x: Tensor): Tensor {
    return linear(x, parameterTensor(this.weight), { bias: this.bias && parameterTensor(this.bias) });
  }
}
