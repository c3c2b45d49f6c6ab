import { Attention, type AttentionForm, causal } from '../../../attention/index.js';
import { type CellName, Module, RecurrentLayers, xavierUniform } from '../../../nn/index.js';
import { conv, Parameter, parameterTensor, type Tensor } from '../../../ops/index.js';

/** What every form is measured with: one sequence, 8 heads of 64. */
export const heads = 8;
export const headWidth = 64;
const width = heads * headWidth;

/** A way to let positions of a sequence meet, made for one length. */
export interface Mixer {
  /** Holds its parameters, if it has any. */
  readonly module: Module;
  /** @param x queries, keys and values [1,H,T,D] each @returns what each position gathered, any shape */
  mix(x: readonly [Tensor, Tensor, Tensor]): Tensor;
}

export interface Contestant {
  readonly name: string;
  /** How its time ought to grow: the exponent of T. */
  readonly exponent: 1 | 2;
  readonly make: (length: number) => Mixer;
}

/** Attention forms take queries, keys and values as they are. */
function form(make: (length: number) => AttentionForm & Module): (length: number) => Mixer {
  return (length) => {
    const attention = make(length);
    return { module: attention, mix: ([q, k, v]) => attention.attend(q, k, v, { everyQueryAttends: true }) };
  };
}

/** Networks over sequences take the queries as a sequence [T,B,C] of the same width. */
function recurrent(cell: CellName): (length: number) => Mixer {
  return (length) => {
    const layers = new RecurrentLayers({ cell, width, hidden: width });
    return { module: layers, mix: ([q]) => layers.forward(q.transpose([0, 2, 1, 3]).reshape([1, length, width])).outputs };
  };
}

/** A causal convolution of 8 taps over all channels. */
class Convolution extends Module {
  readonly weight = new Parameter([width, width, 8], xavierUniform());

  /** @param x [1,C,T] @returns [1,C,T] */
  forward(x: Tensor): Tensor {
    return conv(x, parameterTensor(this.weight), { pads: [[7, 0]] });
  }
}

/** Every form, in the order of the table. */
export const contestants: readonly Contestant[] = [
  { name: 'dense', exponent: 2, make: form(() => new Attention({ mask: causal })) },
  { name: 'rnn', exponent: 1, make: recurrent('rnn') },
  { name: 'gru', exponent: 1, make: recurrent('gru') },
  { name: 'lstm', exponent: 1, make: recurrent('lstm') },
  {
    name: 'convolution',
    exponent: 1,
    make: (length) => {
      const convolution = new Convolution();
      return { module: convolution, mix: ([q]) => convolution.forward(q.transpose([0, 1, 3, 2]).reshape([1, width, length])) };
    },
  },
];
