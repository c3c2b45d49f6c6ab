import { concat, maxPool, relu, type Tensor } from '../../ops/index.js';
import { child } from '../child.js';
import { Module } from '../module.js';
import { BatchNorm } from './batch-norm.js';
import { Conv } from './conv.js';

export interface InceptionOptions {
  /** Channels read, C. */
  readonly from: number;
  /** Channels of the 1×1 branch. */
  readonly one: number;
  /** Channels of the 3×3 branch: after its 1×1 reduction, and in the end. */
  readonly three: readonly [reduced: number, channels: number];
  /** Of the 5×5 branch, likewise. */
  readonly five: readonly [reduced: number, channels: number];
  /** Channels of the 1×1 projection behind the pooling branch. */
  readonly pool: number;
  /** Batch norms between convolutions and rectifiers (Ioffe and Szegedy 2015); none by default, as in the first paper. */
  readonly batchNorm?: boolean;
}

/** A convolution, perhaps a batch norm, a rectifier. */
class Rectified extends Module {
  readonly conv: Conv;
  readonly norm: BatchNorm | undefined;

  constructor(from: number, to: number, size: number, batchNorm: boolean) {
    super();
    this.conv = child('conv', () => new Conv(from, to, { kernel: [size, size], padding: 'same', bias: !batchNorm }));
    this.norm = batchNorm ? new BatchNorm(to) : undefined;
  }

  forward(x: Tensor): Tensor {
    const y = this.conv.forward(x);
    return relu(this.norm === undefined ? y : this.norm.forward(y));
  }
}

/**
 * An Inception block (Szegedy et al. 2015, "Going Deeper with Convolutions", figure 2b): convolutions 1×1, 3×3 and 5×5 and a
 * 3×3 max pooling side by side, over the same places, their channels after one another; 1×1 convolutions before the wide
 * kernels, and behind the pooling, keep the number of channels, and so the cost, low.
 */
export class Inception extends Module {
  readonly one: Rectified;
  readonly three: readonly Rectified[];
  readonly five: readonly Rectified[];
  readonly pool: Rectified;

  /** @throws value: numbers of channels that are none */
  constructor({ from, one, three, five, pool, batchNorm = false }: InceptionOptions) {
    super();
    const part = (field: string, read: number, written: number, size: number): Rectified =>
      child(field, () => new Rectified(read, written, size, batchNorm));
    this.one = part('one', from, one, 1);
    this.three = [part('three.0', from, three[0], 1), part('three.1', three[0], three[1], 3)];
    this.five = [part('five.0', from, five[0], 1), part('five.1', five[0], five[1], 5)];
    this.pool = part('pool', from, pool, 1);
  }

  /** @param x [B,C,Y,X] @returns [B,M,Y,X], M the sum of the branches' channels */
  forward(x: Tensor): Tensor {
    const through = (parts: readonly Rectified[], input: Tensor): Tensor => parts.reduce((y, part) => part.forward(y), input);
    const pooled = maxPool(x, { kernel: [3, 3], strides: 1, pads: 1 });
    return concat([this.one.forward(x), through(this.three, x), through(this.five, x), this.pool.forward(pooled)], 1);
  }
}
