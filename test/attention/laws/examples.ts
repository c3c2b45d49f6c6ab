import {
  AdditiveScore,
  Attention,
  type AttentionForm,
  type AttentionParts,
  alibi,
  and,
  BilinearScore,
  CosineScore,
  causal,
  dilated,
  distanceBias,
  documentMask,
  dotProductScore,
  entmax15,
  exponentialKernel,
  fixed,
  fixedFar,
  fixedLocal,
  fromPositions,
  fromTable,
  gaussianScore,
  globalTokens,
  gridWindows,
  hardNormaliser,
  kernelNormaliser,
  kernelScore,
  LearnedDistanceBias,
  MusicTransformerScore,
  not,
  or,
  PositionOnlyScore,
  padding,
  perHead,
  prefix,
  QuadraticGridBias,
  RelativeValues,
  ShawScore,
  SinkSoftmax,
  sameDocument,
  scaledDotProductScore,
  shiftedWindows,
  sigmoidNormaliser,
  sinkhorn,
  slidingWindow,
  softCapped,
  softmaxNormaliser,
  softmaxPlusOne,
  sparsemax,
  strided,
  stridedFar,
  stridedLocal,
  T5Bias,
  TransformerXlScore,
  weightedSum,
  withinLengths,
} from '#dist/attention/index.js';
import { host } from '#dist/core/index.js';
import { cast, constant, matmul, square } from '#dist/ops/index.js';
import { givenValues } from '../prove.js';

/** Texts, heads, tokens, width of a head: what every law is tried at. */
export const [B, H, T, D] = [2, 2, 6, 4];
/** Tokens that are read at once before a cache takes over. */
export const read = 3;

/** A form as the laws try it. */
export interface Example {
  readonly form: () => AttentionForm;
  /** It knows where tokens stand, or what they are: their order is no matter of indifference to it. */
  readonly positional?: boolean;
  /** It is tried without a causal mask beside it, having its own. */
  readonly alone?: boolean;
  /** It is made for T tokens at hand: no key can be taken out of it. */
  readonly fixedLength?: boolean;
  /** It has parameters for each key head: query heads that share one are another form. */
  readonly ownKeyHeads?: boolean;
}

const plain = (parts: AttentionParts): Example => ({ form: () => new Attention(parts) });
/** With parameters that are large enough to matter. */
const learned = (parts: () => AttentionParts): Example => ({ form: () => givenValues(new Attention(parts())) });
const masked = (mask: NonNullable<AttentionParts['mask']>): Example => ({ ...plain({ mask }), positional: true });
const ints = (values: Parameters<typeof host>[0]) => constant(host(values, { dtype: 'int32' }));

const documents = [
  [0, 0, 1, 1, 0, 1],
  [2, 2, 2, 3, 3, 2],
];
const real = [
  [true, false, true, true, true, false],
  [true, true, true, false, true, true],
];

/** An example of each form, by its declared name. */
export const examples: Readonly<Record<string, Example>> = {
  dotProductScore: plain({ score: dotProductScore() }),
  scaledDotProductScore: plain({ score: scaledDotProductScore() }),
  softCapped: plain({ score: softCapped(dotProductScore(), 2) }),

  causal: masked(causal),
  padding: masked(padding(constant(host(real)))),
  withinLengths: masked(withinLengths(ints([4, 5]))),
  prefix: { ...masked(prefix(read)), alone: true },
  sameDocument: masked(sameDocument(ints(documents))),
  documentMask: { ...masked(() => documentMask(ints(documents))), fixedLength: true },
  slidingWindow: masked(slidingWindow(3)),
  dilated: masked(dilated(2, 2)),
  strided: masked(strided(3)),
  stridedLocal: masked(stridedLocal(2)),
  stridedFar: masked(stridedFar(2)),
  fixed: masked(fixed(3, 1)),
  fixedLocal: masked(fixedLocal(3)),
  fixedFar: masked(fixedFar(3, 2)),
  globalTokens: masked(globalTokens([0, 4])),
  gridWindows: masked(gridWindows({ gridWidth: 3, window: 2 })),
  shiftedWindows: masked(shiftedWindows({ gridWidth: 3, window: 2 })),
  fromPositions: masked(fromPositions((i, j) => i.add(j).less(7))),
  fromTable: masked(fromTable(T, (i, j) => (i ^ j) < 4)),
  and: masked(and(slidingWindow(4), globalTokens([0, 1, 2]))),
  or: masked(or(slidingWindow(2), globalTokens([0]))),
  not: masked(not(slidingWindow(2))),
  perHead: masked(perHead([slidingWindow(3), globalTokens([1])])),

  softmaxNormaliser: plain({ normaliser: softmaxNormaliser({ temperature: 0.6 }) }),
  SinkSoftmax: {
    form: () => {
      const normaliser = new SinkSoftmax({ heads: H });
      normaliser.sinks.value = host([0.5, -1]);
      return new Attention({ normaliser });
    },
  },
  softmaxPlusOne: plain({ normaliser: softmaxPlusOne() }),
  sparsemax: plain({ normaliser: sparsemax() }),
  entmax15: plain({ normaliser: entmax15() }),
  sinkhorn: plain({ normaliser: sinkhorn({ iterations: 5 }) }),
  sigmoidNormaliser: plain({ normaliser: sigmoidNormaliser() }),
  hardNormaliser: plain({ normaliser: hardNormaliser() }),

  weightedSum: plain({ mix: weightedSum }),

  AdditiveScore: { ...learned(() => ({ score: new AdditiveScore({ heads: H, width: D, hidden: 3 }) })), ownKeyHeads: true },
  BilinearScore: learned(() => ({ score: new BilinearScore({ heads: H, width: D }) })),
  CosineScore: learned(() => ({ score: new CosineScore({ length: T }) })),
  gaussianScore: plain({ score: gaussianScore() }),
  kernelScore: plain({
    score: kernelScore((q, k) => square(matmul(q, k, { transposeB: true })).add(0.1)),
    normaliser: kernelNormaliser,
  }),
  exponentialKernel: plain({ score: exponentialKernel(), normaliser: kernelNormaliser }),
  ShawScore: { ...learned(() => ({ score: new ShawScore({ width: D, farthest: 2 }) })), positional: true },
  MusicTransformerScore: {
    ...learned(() => ({ score: new MusicTransformerScore({ heads: H, width: D, distances: 3 }) })),
    positional: true,
  },
  TransformerXlScore: { ...learned(() => ({ score: new TransformerXlScore({ heads: H, width: D, positionWidth: 6 }) })), positional: true },
  PositionOnlyScore: {
    ...learned(() => ({ score: new PositionOnlyScore(new LearnedDistanceBias({ heads: H, behind: 9 })) })),
    positional: true,
  },

  T5Bias: { ...learned(() => ({ bias: new T5Bias({ heads: H, buckets: 8, farthest: 6 }) })), positional: true },
  alibi: { ...plain({ bias: alibi(H) }), positional: true },
  LearnedDistanceBias: { ...learned(() => ({ bias: new LearnedDistanceBias({ heads: H, behind: 3, ahead: 1 }) })), positional: true },
  distanceBias: { ...plain({ bias: distanceBias((d) => cast(d, 'float32').mul(0.2)) }), positional: true },
  QuadraticGridBias: { ...learned(() => ({ bias: new QuadraticGridBias({ heads: H, columns: 3 }) })), positional: true },

  kernelNormaliser: plain({ score: exponentialKernel(), normaliser: kernelNormaliser }),
  RelativeValues: { ...learned(() => ({ mix: new RelativeValues({ width: D, farthest: 2 }) })), positional: true },
};
