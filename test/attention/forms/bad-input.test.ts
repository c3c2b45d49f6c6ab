import { describe, expect, test } from 'vitest';
import {
  AdditiveScore,
  type AttentionParts,
  alibi,
  attend,
  BilinearScore,
  CosineScore,
  distanceBias,
  gaussianScore,
  kernelScore,
  LearnedDistanceBias,
  MusicTransformerScore,
  QuadraticGridBias,
  RelativeValues,
  ShawScore,
  TransformerXlScore,
} from '#dist/attention/index.js';
import { Module } from '#dist/nn/index.js';
import { input, type Tensor, withPath } from '#dist/ops/index.js';

/** A layer that knows its path, around any parts. */
class Layer extends Module {
  constructor(readonly parts: AttentionParts) {
    super();
  }
  forward(heads: number, width: number): Tensor {
    const x = input('x', [1, heads, 4, width]);
    return attend(x, x, x, this.parts);
  }
}

const queries = (heads: number): [Tensor, Tensor, Tensor] => {
  const x = input('x', [1, heads, 4, 4]);
  return [x, x, x];
};

const made = { heads: 2, width: 4 };

describe('inputs of other heads or widths than the form was made for, with its path', () => {
  test.each<[string, AttentionParts, string]>([
    ['AdditiveScore', { score: new AdditiveScore({ ...made, hidden: 3 }) }, 'additive score at parts.score: queries [B,2,length,4]'],
    ['BilinearScore', { score: new BilinearScore(made) }, 'bilinear score at parts.score: queries [B,2,length,4]'],
    ['ShawScore', { score: new ShawScore({ width: 4, farthest: 2 }) }, 'Shaw score at parts.score: queries [B,heads,length,4]'],
    [
      'MusicTransformerScore',
      { score: new MusicTransformerScore({ ...made, distances: 3 }) },
      'Music Transformer score at parts.score: queries [B,2,length,4]',
    ],
    ['TransformerXlScore', { score: new TransformerXlScore(made) }, 'Transformer-XL score at parts.score: queries [B,2,length,4]'],
  ])('%s', (_, parts, message) => {
    const layer = new Layer(parts);
    expect(layer.forward(2, 4).shape).toEqual([1, 4, 2, 4]);
    const rest = ', which the score was made for; got [1,2,4,6] float32.';
    expect(() => layer.forward(2, 6)).toThrow(message + rest);
    if (message.includes('[B,2')) expect(() => layer.forward(3, 4)).toThrow(message);
  });

  test('RelativeValues', () => {
    const layer = new Layer({ mix: new RelativeValues({ width: 4, farthest: 2 }) });
    expect(() => layer.forward(2, 6)).toThrow('relative values at parts.mix: values of width 4, as the table; got [1,2,4,6] float32.');
  });

  test('biases of other heads', () => {
    for (const bias of [alibi(2), new LearnedDistanceBias({ heads: 2, behind: 3 }), new QuadraticGridBias({ heads: 2, columns: 2 })]) {
      for (const heads of [1, 3]) {
        const rule = `attention at layer: a bias that broadcasts to the scores [B,H,T,S], [1,${heads},4,4]; got [`;
        expect(() => withPath('layer', () => attend(...queries(heads), { bias }))).toThrow(rule);
      }
    }
  });

  test('keys of another width', () => {
    const [q, k] = [input('q', [1, 2, 4, 4]), input('k', [1, 2, 4, 5])];
    expect(() => attend(q, k, k, { score: new BilinearScore(made) })).toThrow(/bilinear score: keys \[B,heads,length,4\]/);
    expect(attend(q, k, k, { score: new BilinearScore({ ...made, keyWidth: 5 }) }).shape).toEqual([1, 4, 2, 5]);
  });

  test('kernels that are not one value a pair', () => {
    const layer = new Layer({ score: kernelScore((q) => q) });
    expect(() => layer.forward(2, 6)).toThrow('kernelScore: a kernel with a value for every pair, [1,2,4,4]; got [1,2,4,6] float32.');
  });

  test('functions of distance that are not float', () => {
    const layer = new Layer({ bias: distanceBias((d) => d.greater(2)) });
    expect(() => layer.forward(2, 6)).toThrow('distanceBias: a function to floats; got [4,4] bool. Give a boolean rule as the mask.');
    expect(() => new Layer({ bias: distanceBias((d) => d) }).forward(2, 6)).toThrow("Use cast(distance, 'float32') first.");
  });
});

test('options out of their range', () => {
  const refused: [() => unknown, string][] = [
    [() => new AdditiveScore({ ...made, hidden: 0 }), 'additive score: a whole number from 1 as hidden; got 0.'],
    [() => new AdditiveScore({ ...made, hidden: 2, kvHeads: 3 }), 'additive score: key heads that divide the query heads; got 3 for 2.'],
    [() => new BilinearScore({ heads: 1.5, width: 4 }), 'bilinear score: a whole number from 1 as heads; got 1.5.'],
    [() => new CosineScore({ length: 1 }), 'cosine score: a length of 2 keys or more; got 1.'],
    [() => gaussianScore({ deviation: 0 }), 'gaussianScore: a deviation above 0; got 0.'],
    [() => new ShawScore({ width: 4, farthest: -1 }), 'Shaw score: a whole number of tokens behind, 0 or more; got -1.'],
    [() => new MusicTransformerScore({ ...made, distances: 0 }), 'Music Transformer score: a whole number from 1 as distances; got 0.'],
    [() => new TransformerXlScore({ ...made, positionWidth: 7 }), 'Transformer-XL score: an even positionWidth'],
    [() => new LearnedDistanceBias({ heads: 2, behind: 3, ahead: 0.5 }), 'learned distance bias: a whole number of tokens ahead'],
    [() => new QuadraticGridBias({ heads: 2, columns: 0 }), 'quadratic grid bias: a whole number from 1 as columns; got 0.'],
    [() => new RelativeValues({ width: 0, farthest: 1 }), 'relative values: a whole number from 1 as width; got 0.'],
  ];
  for (const [make, message] of refused) expect(make).toThrow(message);
});
