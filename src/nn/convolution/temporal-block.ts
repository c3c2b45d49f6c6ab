import { type Dim, fail } from '../../core/index.js';
import { concat, dropout, isTraining, ones, relu, type Tensor, tap } from '../../ops/index.js';
import { child } from '../child.js';
import { Module } from '../module.js';
import { Conv } from './conv.js';

export interface TemporalBlockOptions {
  /** Channels read, C. */
  readonly from: number;
  /** Channels written, M. */
  readonly to: number;
  /** Places that a kernel reads, 2 or more. */
  readonly kernel: number;
  /** Distance between them; blocks on top of each other double it. */
  readonly dilation: number;
  readonly bias?: boolean;
  readonly weightNorm?: boolean;
  /** Share of a row's channels dropped after each convolution, while training (section 3.3). */
  readonly dropout?: number;
}

/** What a block returns. */
export interface TemporalResult {
  /** [B,M,T] */
  readonly outputs: Tensor;
  /** What the next piece of the same texts goes on from, each convolution's last inputs; none where no past was given. */
  readonly state: readonly Tensor[];
}

/**
 * A block of a temporal convolution network (Bai et al. 2018, "An Empirical Evaluation of Generic Convolutional and Recurrent
 * Networks for Sequence Modeling", section 3.3, figure 1b): twice a causal dilated convolution with weight norm, a rectifier
 * and dropout; then o = relu(x + F(x)), x brought to M channels by a 1×1 convolution where they differ.
 * Taps `hidden`, [B,M,T].
 */
export class TemporalBlock extends Module {
  readonly first: Conv;
  readonly second: Conv;
  readonly shortcut: Conv | undefined;
  readonly dropout: number;

  /** @throws value: sizes that are not whole numbers, of the kernel from 2, else from 1 */
  constructor({ from, to, kernel, dilation, bias = true, weightNorm = true, dropout: rate = 0 }: TemporalBlockOptions) {
    super();
    const demand = (name: string, size: number, least: number): void => {
      if (!Number.isInteger(size) || size < least)
        throw fail('value', { where: 'TemporalBlock', rule: `${name} is a whole number from ${least}`, got: String(size) });
    };
    demand('dilation', dilation, 1);
    demand('kernel', kernel, 2);
    const causal = { kernel: [kernel], dilations: dilation, padding: 'causal', bias, weightNorm } as const;
    this.first = child('first', () => new Conv(from, to, causal));
    this.second = child('second', () => new Conv(to, to, causal));
    this.shortcut = from === to ? undefined : child('shortcut', () => new Conv(from, to, { kernel: [1], bias }));
    this.dropout = rate;
  }

  /** Shapes of a row's state: the inputs that each convolution looks back at. */
  get carries(): readonly (readonly number[])[] {
    return [this.first, this.second].map((conv) => [conv.weight.shape[1] as number, conv.memory]);
  }

  /**
   * @param x [B,C,T] @param past what each convolution read last, [B,C,memory] and [B,M,memory]: the state after earlier
   * pieces of the same texts, zeros at their start
   * @throws shape: a past of other shapes
   */
  forward(x: Tensor, past?: readonly Tensor[]): TemporalResult {
    if (past !== undefined && past.length !== 2)
      throw fail('shape', {
        where: 'TemporalBlock',
        rule: 'a past of 2 tensors, one for each convolution',
        got: `${past.length}`,
      });
    const state: Tensor[] = [];
    const convolved = (conv: Conv, read: Tensor, before: Tensor | undefined): Tensor => {
      if (before !== undefined) state.push(concat([before, read], 2).slice([null, null, [-conv.memory]]));
      return channelDropout(relu(conv.forward(read, before)), this.dropout);
    };
    const inner = convolved(this.second, convolved(this.first, x, past?.[0]), past?.[1]);
    const around = this.shortcut === undefined ? x : this.shortcut.forward(x);
    return { outputs: tap('hidden', relu(around.add(inner))), state };
  }
}

/** Dropout of whole channels of a row (Tompson et al. 2015, "SpatialDropout"): neighbours in time say much the same. */
function channelDropout(x: Tensor, rate: number): Tensor {
  if (rate === 0 || !isTraining()) return x;
  return x.mul(dropout(ones([x.shape[0] as Dim, x.shape[1] as Dim, 1], x.dtype), rate));
}
