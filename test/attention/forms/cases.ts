import {
  AdditiveScore,
  alibi,
  BilinearScore,
  CosineScore,
  distanceBias,
  dotProductScore,
  exponentialKernel,
  gaussianScore,
  kernelNormaliser,
  kernelScore,
  LearnedDistanceBias,
  MusicTransformerScore,
  PositionOnlyScore,
  QuadraticGridBias,
  RelativeValues,
  ShawScore,
  scaledDotProductScore,
  softCapped,
  T5Bias,
  TransformerXlScore,
} from '#dist/attention/index.js';
import { cast, exp, matmul, square } from '#dist/ops/index.js';
import { D, type FormCase, H, offset, range, scaledProduct, sum, V } from './loops.js';

const [hidden, positions] = [3, 6];
const dots = { heads: H, width: D };
const length = (x: (d: number) => number): number => Math.sqrt(sum(D, (d) => x(d) ** 2));

/** Scores of content alone. */
const content: readonly FormCase[] = [
  {
    name: 'softCapped',
    parts: () => ({ score: softCapped(dotProductScore(), 2) }),
    score: ({ q, k }) => 2 * Math.tanh(sum(D, (d) => q(d) * k(d)) / 2),
  },
  {
    name: 'AdditiveScore',
    parts: (kvHeads) => ({ score: new AdditiveScore({ ...dots, hidden, kvHeads }) }),
    score: ({ q, k, h, g, p }) => {
      const [w, u, v] = [p('parts.score.query'), p('parts.score.key'), p('parts.score.weight')];
      return sum(hidden, (a) => v(h, a) * Math.tanh(sum(D, (d) => w(h, d, a) * q(d) + u(g, d, a) * k(d))));
    },
  },
  {
    name: 'BilinearScore',
    parts: () => ({ score: new BilinearScore(dots) }),
    score: ({ q, k, h, p }) => sum(D, (d) => sum(D, (e) => q(d) * p('parts.score.weight')(h, d, e) * k(e))),
  },
  {
    name: 'CosineScore',
    parts: () => ({ score: new CosineScore({ length: 5 }) }),
    score: ({ q, k, p }) => (p('parts.score.scale')() * sum(D, (d) => q(d) * k(d))) / (length(q) * length(k)),
  },
  {
    name: 'gaussianScore',
    parts: () => ({ score: gaussianScore() }),
    score: ({ q, k }) => -(length((d) => q(d) - k(d)) ** 2) / (2 * Math.sqrt(D)),
  },
  {
    name: 'gaussianScore of a deviation',
    parts: () => ({ score: gaussianScore({ deviation: 0.7 }) }),
    score: ({ q, k }) => -(length((d) => q(d) - k(d)) ** 2) / (2 * 0.7 ** 2),
  },
  {
    name: 'exponentialKernel',
    parts: () => ({ score: exponentialKernel(), normaliser: kernelNormaliser }),
    score: scaledProduct,
  },
  {
    name: 'kernelScore, a polynomial',
    parts: () => ({
      score: kernelScore((q, k) => square(matmul(q, k, { transposeB: true }).add(0.5)).add(0.1)),
      normaliser: kernelNormaliser,
    }),
    score: ({ q, k }) => Math.log((sum(D, (d) => q(d) * k(d)) + 0.5) ** 2 + 0.1),
  },
];

/** Scores, biases and a mix that depend on distance. */
const relative: readonly FormCase[] = [
  {
    name: 'ShawScore',
    parts: () => ({ score: new ShawScore({ width: D, farthest: 2 }) }),
    score: (pair) =>
      scaledProduct(pair) + sum(D, (d) => pair.q(d) * pair.p('parts.score.weight')(offset(pair, -2, 2) + 2, d)) / Math.sqrt(D),
  },
  {
    name: 'ShawScore and RelativeValues',
    parts: () => ({ score: new ShawScore({ width: D, farthest: 1 }), mix: new RelativeValues({ width: V, farthest: 3 }) }),
    score: (pair) =>
      scaledProduct(pair) + sum(D, (d) => pair.q(d) * pair.p('parts.score.weight')(offset(pair, -1, 1) + 1, d)) / Math.sqrt(D),
    value: (d, pair) => pair.p('parts.mix.weight')(offset(pair, -3, 3) + 3, d),
  },
  {
    name: 'MusicTransformerScore, fewer distances than tokens',
    causalOnly: true,
    parts: () => ({ score: new MusicTransformerScore({ ...dots, distances: 3 }) }),
    score: (pair) =>
      scaledProduct(pair) + sum(D, (d) => pair.q(d) * pair.p('parts.score.weight')(pair.h, offset(pair, -2, 0) + 2, d)) / Math.sqrt(D),
  },
  {
    name: 'MusicTransformerScore, more',
    causalOnly: true,
    parts: () => ({ score: new MusicTransformerScore({ ...dots, distances: 9 }) }),
    score: (pair) =>
      scaledProduct(pair) + sum(D, (d) => pair.q(d) * pair.p('parts.score.weight')(pair.h, offset(pair, -8, 0) + 8, d)) / Math.sqrt(D),
  },
  {
    name: 'TransformerXlScore',
    parts: () => ({ score: new TransformerXlScore({ ...dots, positionWidth: positions }) }),
    score: ({ q, k, h, at: [i, j], p }) => {
      const [u, v, w] = [p('parts.score.contentBias'), p('parts.score.positionBias'), p('parts.score.position.weight')];
      const half = positions / 2;
      const r = range(positions).map((c) => {
        const angle = (i - j) * 10000 ** (-(2 * (c % half)) / positions);
        return c < half ? Math.sin(angle) : Math.cos(angle);
      });
      const term = (d: number): number =>
        (q(d) + u(h, d)) * k(d) + (q(d) + v(h, d)) * sum(positions, (c) => w(c, h * D + d) * (r[c] as number));
      return sum(D, term) / Math.sqrt(D);
    },
  },
  {
    name: 'T5Bias, both directions',
    parts: () => ({ score: dotProductScore(), bias: new T5Bias({ heads: H, buckets: 8, farthest: 6 }) }),
    // Of 4 buckets a direction: 0, 1, then 2 + ⌊log(d/2)/log 3 · 2⌋.
    score: (pair) => {
      const d = Math.abs(pair.at[1] - pair.at[0]);
      const bucket = ([0, 1, 2, 2, 3, 3][d] ?? 3) + (pair.at[1] > pair.at[0] ? 4 : 0);
      return sum(D, (e) => pair.q(e) * pair.k(e)) + pair.p('parts.bias.weight')(bucket, pair.h);
    },
  },
  {
    name: 'T5Bias, causal',
    parts: () => ({ score: dotProductScore(), bias: new T5Bias({ heads: H, buckets: 4, farthest: 6, bidirectional: false }) }),
    score: (pair) => {
      const bucket = [0, 1, 2, 2, 3, 3][Math.max(0, pair.at[0] - pair.at[1])] ?? 3;
      return sum(D, (e) => pair.q(e) * pair.k(e)) + pair.p('parts.bias.weight')(bucket, pair.h);
    },
  },
  {
    name: 'alibi',
    parts: () => ({ bias: alibi(H) }),
    score: (pair) => scaledProduct(pair) - 2 ** (-2 * (pair.h + 1)) * Math.abs(pair.at[0] - pair.at[1]),
  },
  {
    name: 'LearnedDistanceBias',
    parts: () => ({ bias: new LearnedDistanceBias({ heads: H, behind: 3, ahead: 1 }) }),
    score: (pair) => scaledProduct(pair) + pair.p('parts.bias.weight')(pair.h, offset(pair, -3, 1) + 3),
  },
  {
    name: 'distanceBias',
    parts: () => ({ score: scaledDotProductScore(), bias: distanceBias((d) => exp(cast(d, 'float32').mul(0.2)).neg()) }),
    score: (pair) => scaledProduct(pair) - Math.exp(0.2 * (pair.at[0] - pair.at[1])),
  },
  {
    name: 'PositionOnlyScore',
    parts: () => ({ score: new PositionOnlyScore(new LearnedDistanceBias({ heads: H, behind: 9 })) }),
    score: (pair) => pair.p('parts.score.bias.weight')(pair.h, offset(pair, -9, 9) + 9),
  },
];

/** Places are pixels here, not distances. */
const grid: FormCase = {
  name: 'QuadraticGridBias',
  parts: () => ({ bias: new QuadraticGridBias({ heads: H, columns: 3 }) }),
  score: (pair) => {
    const [[y, x], [toY, toX]] = pair.at.map((p) => [Math.floor(p / 3), p % 3]) as [[number, number], [number, number]];
    const [centre, sharpness] = [pair.p('parts.bias.centre'), pair.p('parts.bias.sharpness')];
    return scaledProduct(pair) - sharpness(pair.h) * ((toY - y - centre(pair.h, 0)) ** 2 + (toX - x - centre(pair.h, 1)) ** 2);
  },
};

export const formCases: readonly FormCase[] = [...content, ...relative, grid];
/** Forms that know nothing of positions. */
export const contentCases = content;
export const relativeCases = relative;
