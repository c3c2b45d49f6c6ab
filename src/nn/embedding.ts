import { gather, type Initializer, linear, Parameter, parameterTensor, type Tensor } from '../ops/index.js';
import { normal } from './initializers.js';
import { Module } from './module.js';

/** A table of vectors, one row per index. */
export class Embedding extends Module {
  readonly weight: Parameter;

  constructor(rows: number, width: number, initializer: Initializer = normal(0.02)) {
    super();
    this.weight = new Parameter([rows, width], initializer);
  }

  /** @param indices [...] int32 @returns [...,width] */
  forward(indices: Tensor): Tensor {
    return gather(parameterTensor(this.weight), indices);
  }

  /** Scores of every row: x · rowᵀ, the tied output head (Press and Wolf 2017). @param x [...,width] @returns [...,rows] */
  scores(x: Tensor): Tensor {
    return linear(x, parameterTensor(this.weight), { transposed: true });
  }
}
