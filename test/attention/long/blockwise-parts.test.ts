import { describe, test } from 'vitest';
import {
  type AttentionParts,
  alibi,
  and,
  BlockwiseAttention,
  causal,
  dilated,
  distanceBias,
  fixed,
  fromPositions,
  fromTable,
  globalTokens,
  gridWindows,
  LearnedDistanceBias,
  type Mask,
  not,
  or,
  padding,
  perHead,
  prefix,
  QuadraticGridBias,
  sameDocument,
  shiftedWindows,
  slidingWindow,
  strided,
  T5Bias,
  withinLengths,
} from '#dist/attention/index.js';
import { host } from '#dist/core/index.js';
import { constant } from '#dist/ops/index.js';
import { expectSame, sizes } from './compare.js';

/** Not a multiple of the block: the last one is a rest. */
const [T, block] = [12, 5];
const of = <X>(rule: (b: number, n: number) => X): X[][] => [0, 1].map((b) => Array.from({ length: T }, (_, n) => rule(b, n)));
const texts = constant(
  host(
    of((b, n) => Math.floor(n / (3 + b))),
    { dtype: 'int32' },
  ),
);
const real = constant(host(of((b, n) => n % (3 + b) !== 1)));

const masks: Readonly<Record<string, Mask>> = {
  causal,
  padding: padding(real),
  withinLengths: withinLengths(constant(host([4, 7], { dtype: 'int32' }))),
  prefix: prefix(constant(host([2, 5], { dtype: 'int32' }))),
  sameDocument: sameDocument(texts),
  'documents, causal': and(causal, sameDocument(texts)),
  slidingWindow: slidingWindow(3),
  dilated: dilated(2, 3),
  strided: strided(3),
  fixed: fixed(4, 1),
  globalTokens: globalTokens([0, 5]),
  'global tokens of each text': globalTokens(real),
  gridWindows: gridWindows({ gridWidth: 4, window: 2 }),
  shiftedWindows: shiftedWindows({ gridWidth: 4, window: 2, shift: 1 }),
  fromPositions: fromPositions((i, j) => i.sub(j).equal(1)),
  fromTable: fromTable(T, (i, j) => (i ^ j) < 4),
  or: or(slidingWindow(2), globalTokens([0])),
  'not, with an empty row': not(causal),
  perHead: perHead([causal, padding(real)]),
};

const biases: Readonly<Record<string, NonNullable<AttentionParts['bias']>>> = {
  alibi: alibi(2),
  distanceBias: distanceBias((d) => d.cast('float32').mul(-0.3)),
  LearnedDistanceBias: new LearnedDistanceBias({ heads: 2, behind: 5 }),
  T5Bias: new T5Bias({ heads: 2, buckets: 8, farthest: 9 }),
  QuadraticGridBias: new QuadraticGridBias({ heads: 2, columns: 4 }),
};

describe('in blocks as dense, values and gradients', () => {
  test.each(Object.entries(masks))('the mask %s', async (_, mask) => {
    const form = new BlockwiseAttention({ mask, block });
    await expectSame(form, form.materialised(), { sizes: sizes(T) });
  });

  test.each(Object.entries(biases))('the bias %s, causal', async (_, bias) => {
    const form = new BlockwiseAttention({ bias, causal: true, block });
    await expectSame(form, form.materialised(), { sizes: sizes(T) });
  });
});
