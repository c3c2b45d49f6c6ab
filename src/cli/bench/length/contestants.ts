import {
  Attention,
  type AttentionForm,
  BlockwiseAttention,
  causal,
  FavorAttention,
  LinearAttention,
  LinformerAttention,
  LocalAttention,
  LshAttention,
  NystromAttention,
  Retention,
} from '../../../attention/index.js';
import { type CellName, Mamba, Module, RecurrentLayers, xavierUniform } from '../../../nn/index.js';
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

/** Chunks of 64 for the average bucket, hashed in two factors so that hashing itself stays linear. */
function bucketsOf(length: number): number | readonly number[] {
  const wanted = Math.max(2, length / 64);
  return wanted <= 16 ? wanted : [16, wanted / 16];
}

/** Every form, in the order of the table. */
export const contestants: readonly Contestant[] = [
  { name: 'dense', exponent: 2, make: form(() => new Attention({ mask: causal })) },
  { name: 'blockwise', exponent: 2, make: form(() => new BlockwiseAttention({ causal: true })) },
  { name: 'local 256', exponent: 1, make: form(() => new LocalAttention({ window: 256, causal: true })) },
  {
    name: 'lsh',
    exponent: 1,
    make: (length) => {
      const attention = new LshAttention({ buckets: bucketsOf(length), rounds: 2, chunk: 64, causal: true });
      // Hashing sorts one set of vectors: queries are keys.
      return { module: attention, mix: ([q, , v]) => attention.attend(q, q, v) };
    },
  },
  { name: 'favor 256', exponent: 1, make: form(() => new FavorAttention({ features: 256, causal: true })) },
  { name: 'linear', exponent: 1, make: form(() => new LinearAttention({ causal: true })) },
  { name: 'linformer 256', exponent: 1, make: form((length) => new LinformerAttention({ length, rank: Math.min(256, length) })) },
  { name: 'nystrom 64', exponent: 1, make: form((length) => new NystromAttention({ landmarks: Math.min(64, length) })) },
  { name: 'retention', exponent: 1, make: form(() => new Retention()) },
  {
    name: 'mamba',
    exponent: 1,
    make: (length) => {
      const mamba = new Mamba({ width });
      return { module: mamba, mix: ([q]) => mamba.forward(q.transpose([0, 2, 1, 3]).reshape([1, length, width])) };
    },
  },
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
