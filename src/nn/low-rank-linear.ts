import { fail, HostArray } from '../core/index.js';
import { type Initializer, linear, Parameter, parameterTensor, type Tensor } from '../ops/index.js';
import type { FormDeclaration } from './form.js';
import { normal, zeros } from './initializers.js';
import type { Linear } from './linear.js';
import { bestRank } from './low-rank.js';
import { Module } from './module.js';

export interface LowRankLinearOptions {
  /** r, at most the smaller width. */
  readonly rank: number;
  readonly bias?: boolean | undefined;
  /** How both factors start; normal numbers of which the product deviates by 0.02, as `Linear`'s weight, by default. */
  readonly initializer?: Initializer | undefined;
}

/**
 * A linear layer whose weight is a product of two thin ones, y = (x U) V + b, U [in,r], V [r,out]: r·(in + out) numbers
 * and multiply-adds a row in the place of in·out (Sainath et al. 2013, "Low-rank matrix factorization for deep neural
 * network training"). It pays below rank in·out/(in + out).
 * @example LowRankLinear.of(layer.query, 16) // the nearest of rank 16
 */
export class LowRankLinear extends Module {
  /** U [in,r] */
  readonly down: Parameter;
  /** V [r,out] */
  readonly up: Parameter;
  readonly bias: Parameter | undefined;

  /** @throws value: a rank that is not a whole number from 1 to the smaller width */
  constructor(widthIn: number, widthOut: number, { rank, bias = true, initializer }: LowRankLinearOptions) {
    super();
    const most = Math.min(widthIn, widthOut);
    if (!Number.isInteger(rank) || rank < 1 || rank > most)
      throw fail('value', { where: 'LowRankLinear', rule: `a rank between 1 and ${most}, the smaller width`, got: String(rank) });
    // Of r products the deviation is √r times that of one, the factors' squared.
    const start = initializer ?? normal(Math.sqrt(0.02 / Math.sqrt(rank)));
    this.down = new Parameter([widthIn, rank], start);
    this.up = new Parameter([rank, widthOut], start);
    this.bias = bias ? new Parameter([widthOut], zeros) : undefined;
  }

  /** The nearest of that rank to a layer, by the sum of squares (Eckart and Young 1936); its bias is copied. */
  static of(layer: Linear, rank: number): LowRankLinear {
    const [widthIn, widthOut] = layer.weight.shape as [number, number];
    const near = new LowRankLinear(widthIn, widthOut, { rank, bias: layer.bias !== undefined });
    const { down, up } = bestRank(layer.weight.value.data as Float32Array, widthIn, widthOut, rank);
    near.down.value = new HostArray(down, [widthIn, rank], 'float32');
    near.up.value = new HostArray(up, [rank, widthOut], 'float32');
    if (near.bias !== undefined && layer.bias !== undefined) near.bias.value = layer.bias.value;
    return near;
  }

  /** @param x [...,in] @returns [...,out] */
  forward(x: Tensor): Tensor {
    return linear(linear(x, parameterTensor(this.down)), parameterTensor(this.up), { bias: this.bias && parameterTensor(this.bias) });
  }
}

export const lowRankLinearForm: FormDeclaration = {
  name: 'LowRankLinear',
  formula: 'y = (x U) V + b, U [in,r], V [r,out]',
  paper: 'Sainath et al. 2013; the nearest of a rank by Eckart and Young 1936',
  time: 'T·r·C',
  memory: 'T·r',
  exact: false,
  causal: 'yes',
  cacheable: true,
  use: 'Projections of fewer numbers, by `rank` of a multi-head attention, or made of trained ones.',
  file: 'src/nn/low-rank-linear.ts',
};
