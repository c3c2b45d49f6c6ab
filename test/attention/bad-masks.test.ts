import { describe, expect, test } from 'vitest';
import {
  Attention,
  type AttentionInputs,
  type AttentionParts,
  attend,
  dotProductScore,
  GroupedQueryAttention,
  SelfAttention,
  scaledDotProductScore,
  softCapped,
} from '#dist/attention/index.js';
import { Module } from '#dist/nn/index.js';
import { input, type Tensor } from '#dist/ops/index.js';

const [B, H, T, C] = [2, 3, 4, 6];
const x = input('x', [B, T, C]);
const bits = (...shape: number[]): Tensor => input('bits', shape, 'bool');
const floats = (...shape: number[]): Tensor => input('floats', shape);

/** A layer inside a model, so that it has a path. */
class Model extends Module {
  readonly blocks: readonly { attention: { forward(x: Tensor, options: { mask: Tensor }): Tensor } }[];

  constructor(attention: { forward(x: Tensor, options: { mask: Tensor }): Tensor }) {
    super();
    this.blocks = [{ attention }];
  }

  forward(mask: Tensor): Tensor {
    return (this.blocks[0] as { attention: SelfAttention }).attention.forward(x, { mask });
  }
}

describe.each([
  ['SelfAttention', () => new SelfAttention({ width: C, heads: H })],
  ['GroupedQueryAttention', () => new GroupedQueryAttention({ width: C, heads: H, kvHeads: 1 })],
])('%s', (_, make) => {
  const model = new Model(make());
  test.each([
    [
      'a float where a boolean is meant',
      floats(T, T),
      'attention at blocks.0.attention: a boolean mask, true = attend; got [4,4] float32. Pass what is added to scores as bias.',
    ],
    [
      'another length',
      bits(T, T + 1),
      'attention at blocks.0.attention: a mask that broadcasts to [B,H,T,S], [2,3,4,4]; got [4,5] bool. A mask of each text is [B,1,T,S].',
    ],
    [
      'a text each, without an axis of heads',
      bits(B, T, T),
      /at blocks\.0\.attention: a mask that broadcasts to \[B,H,T,S\], \[2,3,4,4\]; got \[2,4,4\] bool/,
    ],
    [
      'a head each, without an axis of texts: it could be either',
      bits(H, T, T),
      'attention at blocks.0.attention: a mask of two axes, [T,S], or of four, [B,H,T,S]; got [3,4,4] bool. A mask of each text is [B,1,T,S].',
    ],
    ['rank 1', bits(T), /at blocks\.0\.attention: a mask of two axes, \[T,S\], or of four/],
    ['rank 5', bits(1, 1, 1, T, T), /at blocks\.0\.attention: a mask that broadcasts to .*got \[1,1,1,4,4\] bool/],
    ['more texts than there are', bits(B + 1, 1, T, T), /at blocks\.0\.attention: a mask that broadcasts to .*got \[3,1,4,4\] bool/],
  ])('%s', (__, mask, message) => expect(() => model.forward(mask)).toThrow(message));
});

/** A form inside a layer. */
class Layer extends Module {
  readonly form: Attention;

  constructor(parts: AttentionParts) {
    super();
    this.form = new Attention(parts);
  }

  forward(inputs: AttentionInputs = {}): Tensor {
    const [q, k, v] = ['q', 'k', 'v'].map((n) => input(n, [B, H, T, 2])) as [Tensor, Tensor, Tensor];
    return this.form.attend(q, k, v, inputs);
  }
}

class Outer extends Module {
  readonly attention: Layer;
  readonly inputs: AttentionInputs;

  constructor(parts: AttentionParts, inputs: AttentionInputs = {}) {
    super();
    this.attention = new Layer(parts);
    this.inputs = inputs;
  }

  forward(): Tensor {
    return this.attention.forward(this.inputs);
  }
}

test('values that are not one for each key', () => {
  const [q, v] = [input('q', [B, H, T, 2]), input('v', [B, H, T + 1, 2])];
  expect(() => attend(q, q, v)).toThrow('attention: as many values as keys; got [2,3,5,2] float32 for [2,3,4,2] float32.');
});

test.each([
  [() => softCapped(dotProductScore(), 0), 'softCapped: a cap above 0; got 0.'],
  [() => scaledDotProductScore({ softCap: -1 }), 'softCapped: a cap above 0; got -1.'],
  [() => scaledDotProductScore({ scale: Number.NaN }), 'scaledDotProductScore: a scale that is a finite number; got NaN.'],
])('%o', (make, message) => expect(make).toThrow(message));

test.each([
  [
    'a mask part that gives floats',
    new Outer({ mask: ({ query, key }) => query.sub(key) }),
    'attention at attention: a mask that gives booleans, true = attend; got [4,4] int32.',
  ],
  [
    'a bias that is a mask',
    new Outer({}, { bias: bits(T, T) }),
    'attention at attention: a float bias; got [4,4] bool. Pass what forbids as mask.',
  ],
  [
    'a mask of a past that is not there',
    new Outer({}, { pastMask: bits(T, T) }),
    'attention at attention: a past for the pastMask; got none.',
  ],
])('%s', (_, model, message) => expect(() => model.forward()).toThrow(message));
