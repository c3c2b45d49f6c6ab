import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  attend,
  distanceBias,
  kernelNormaliser,
  LearnedDistanceBias,
  type Mask,
  PositionOnlyScore,
  QuadraticGridBias,
} from '#dist/attention/index.js';
import { HostArray } from '#dist/core/index.js';
import { cast, input, type RefArray, type Tensor } from '#dist/ops/index.js';
import { type Feeds, numbersOf, refArray } from '../../grad/programs.js';
import { numbers } from '../../nn/arrays.js';
import { largestDifference, relativeDifference } from '../../support/arrays.js';
import { range, sum } from './loops.js';

/** An image of rows × columns pixels, a token each, of so many channels. */
const [rows, columns, channels, filters] = [6, 7, 3, 4];
const T = rows * columns;

/** Pixels whose neighbourhood lies within the image: a convolution pads the others, attention has nothing there to see. */
const inside = (margin: number): number[] =>
  range(T).filter((p) => {
    const [y, x] = [Math.floor(p / columns), p % columns];
    return y >= margin && y < rows - margin && x >= margin && x < columns - margin;
  });

function run(y: Tensor, x: Tensor, image: RefArray): Float64Array {
  const feeds: Feeds = new Map([[x, image]]);
  return numbersOf(y, feeds);
}

// Cordonnier et al. 2020, theorem 1.
test.each([1, 3, 5])('k² heads that each see one pixel beside the query are any k × k convolution, k = %s', (k) => {
  const [heads, margin] = [k * k, (k - 1) / 2];
  const image = numbers('image', [1, T, channels]);
  // W[dy][dx][c][f] of the convolution; each head's value and output projections make one of the k² matrices.
  const kernel = numbers(`kernel ${k}`, [heads, channels, filters]);
  const bias = new QuadraticGridBias({ heads, columns });
  bias.centre.value = new HostArray(
    Float32Array.from(range(heads).flatMap((h) => [Math.floor(h / k) - margin, (h % k) - margin])),
    [heads, 2],
    'float32',
  );
  // From α = 800 on, what is one pixel off gets e^{−800} = 0 exactly.
  bias.sharpness.value = new HostArray(new Float32Array(heads).fill(1000), [heads], 'float32');

  const x = input('image', [1, T, channels]);
  const each = x.reshape([1, 1, T, channels]).expand([1, heads, T, channels]);
  const seen = attend(each, each, each, { score: new PositionOnlyScore(bias) }); // [1,T,H,C]
  const weights = input('kernel', [heads * channels, filters]);
  const y = seen.reshape([T, heads * channels]).matmul(weights);
  const feeds: Feeds = new Map([
    [x, image],
    [weights, refArray([heads * channels, filters], kernel.data)],
  ]);
  const got = numbersOf(y, feeds);

  const convolution = (p: number, f: number): number =>
    sum(heads, (h) => {
      const from = p + (Math.floor(h / k) - margin) * columns + ((h % k) - margin);
      return sum(channels, (c) => (image.data[from * channels + c] as number) * (kernel.data[(h * channels + c) * filters + f] as number));
    });
  const pixels = inside(margin);
  expect(pixels.length).toBeGreaterThan(5);
  const pick = (at: (p: number, f: number) => number): number[] => pixels.flatMap((p) => range(filters).map((f) => at(p, f)));
  expect(
    relativeDifference(
      pick((p, f) => got[p * filters + f] as number),
      pick(convolution),
    ),
  ).toBeLessThan(1e-14);
});

test('one head of position-only weights is a non-negative kernel that all channels share', () => {
  const k = 3;
  const image = numbers('image', [1, 1, T, channels]);
  fc.assert(
    fc.property(fc.array(fc.double({ min: 0, max: 4, noNaN: true }), { minLength: k * k, maxLength: k * k }), (drawn) => {
      const kernel = drawn.map((w) => (w < 0.5 ? 0 : w)); // some exactly zero
      kernel[4] = 1;
      const total = kernel.reduce((a, b) => a + b, 0);
      // As a function of the distance back, p − from: the kernel's place (dy, dx) lies at −(dy · columns + dx).
      const weightAt = (dy: number, dx: number): number => kernel[(dy + 1) * k + dx + 1] as number;
      const table = new HostArray(
        Float32Array.from({ length: 2 * T - 1 }, (_, n) => {
          const near = [-1, 0, 1].flatMap((dy) =>
            [-1, 0, 1].filter((dx) => dy * columns + dx === n - (T - 1)).map((dx) => weightAt(dy, dx)),
          );
          return near[0] ?? 0;
        }),
        [1, 2 * T - 1],
        'float32',
      );
      const bias = new LearnedDistanceBias({ heads: 1, behind: T - 1 });
      bias.weight.value = table;
      const x = input('image', image.shape);
      const y = attend(x, x, x, { score: new PositionOnlyScore(bias), normaliser: kernelNormaliser });
      const got = run(y, x, image);
      const pixels = inside(1);
      const want = pixels.flatMap((p) =>
        range(channels).map((c) =>
          sum(k * k, (n) => {
            const from = p + (Math.floor(n / k) - 1) * columns + (n % k) - 1;
            return ((kernel[n] as number) / total) * (image.data[from * channels + c] as number);
          }),
        ),
      );
      const seen = pixels.flatMap((p) => range(channels).map((c) => got[p * channels + c] as number));
      expect(largestDifference(seen, want)).toBeLessThan(1e-6); // the table is float32
    }),
    { numRuns: 20 },
  );
});

test('by softmax too: scores that are the logarithms of the kernel, a mask where it is zero', () => {
  // Along one axis, kernel (1, 2, 4) / 7 over the token before, itself and the next.
  const near: Mask = ({ query, key }) => cast(query.sub(key), 'float32').abs().lessEqual(1);
  const score = new PositionOnlyScore(distanceBias((d) => cast(d, 'float32').mul(-Math.LN2)));
  const x = input('row', [1, 1, T, 1]);
  const row = numbers('row', [1, 1, T, 1]);
  const got = run(attend(x, x, x, { score, mask: near }), x, row);
  const at = (p: number): number => row.data[p] as number;
  const want = range(T - 2).map((p) => (at(p) + 2 * at(p + 1) + 4 * at(p + 2)) / 7);
  expect(relativeDifference(got.slice(1, -1), want)).toBeLessThan(1e-7); // ln 2 is float32
});
