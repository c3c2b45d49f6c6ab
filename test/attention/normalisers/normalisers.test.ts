import { afterAll, describe, expect, test } from 'vitest';
import {
  entmax15,
  hardNormaliser,
  type Normaliser,
  SinkSoftmax,
  sigmoidNormaliser,
  sinkhorn,
  softmaxNormaliser,
  softmaxPlusOne,
  sparsemax,
} from '#dist/attention/index.js';
import { HostArray, host, symbol } from '#dist/core/index.js';
import { gradients } from '#dist/grad/index.js';
import { input, parameterTensor, type RefArray, type Tensor, withPath } from '#dist/ops/index.js';
import { compile } from '#dist/runtime/index.js';
import { numbersOf } from '../../grad/programs.js';
import { numbers } from '../../nn/arrays.js';
import { relativeDifference } from '../../support/arrays.js';
import {
  type NaiveNormaliser,
  naiveEntmax15,
  naiveHard,
  naiveSigmoid,
  naiveSink,
  naiveSinkhorn,
  naiveSoftmax,
  naiveSparsemax,
} from './naive.js';

const [B, H, T, S] = [2, 3, 4, 5];
const shape = [B, H, T, S];
const sinkValues = [0.75, -1.25, 2];
const cleanup: (() => Promise<void>)[] = [];
afterAll(() => Promise.all(cleanup.map((f) => f())));

const sink = new SinkSoftmax({ heads: H });
sink.sinks.value = host(sinkValues);

interface Subject {
  readonly name: string;
  readonly ours: Normaliser;
  readonly naive: NaiveNormaliser;
  /** What its gradient is the gradient of, where that is not itself. */
  readonly backward?: NaiveNormaliser;
}

const subjects: readonly Subject[] = [
  { name: 'softmax', ours: softmaxNormaliser(), naive: naiveSoftmax(1) },
  { name: 'softmax at a temperature', ours: softmaxNormaliser({ temperature: 0.4 }), naive: naiveSoftmax(0.4) },
  { name: 'softmax with sinks', ours: (s, i) => sink.forward(s, i), naive: naiveSink(sinkValues) },
  { name: 'softmax off by one', ours: softmaxPlusOne(), naive: naiveSink([0, 0, 0]) },
  { name: 'sparsemax', ours: sparsemax(), naive: naiveSparsemax },
  { name: '1.5-entmax', ours: entmax15(), naive: naiveEntmax15 },
  { name: 'Sinkhorn', ours: sinkhorn({ iterations: 4, temperature: 0.7 }), naive: naiveSinkhorn(4, 0.7) },
  { name: 'sigmoid', ours: sigmoidNormaliser(), naive: naiveSigmoid(undefined) },
  { name: 'sigmoid with a bias', ours: sigmoidNormaliser({ bias: -1.5 }), naive: naiveSigmoid(-1.5) },
  { name: 'hard', ours: hardNormaliser({ temperature: 0.6 }), naive: naiveHard, backward: naiveSoftmax(0.6) },
];

const scores = numbers('scores', shape);
const factors = numbers('factors', shape);
/** Some keys forbidden; to one query of each head all of them. */
const bits = {
  shape: [B, 1, T, S],
  data: Float64Array.from({ length: B * T * S }, (_, i) => Number(i % T !== 3 && Math.floor(i / S) % T !== 2)),
};
const allowedAt = (b: number, t: number, s: number): boolean => bits.data[(b * T + t) * S + s] === 1;

/** A naive normaliser over all texts and heads. */
function naively(rule: NaiveNormaliser, data: ArrayLike<number>, masked: boolean): number[] {
  return Array.from({ length: B * H }, (_, n) => ofHead(rule, data, masked, n)).flat();
}

/** The same of head `n` of all texts' heads. */
function ofHead(rule: NaiveNormaliser, data: ArrayLike<number>, masked: boolean, n: number): number[] {
  const at = (t: number, s: number): number => data[(n * T + t) * S + s] as number;
  const rows = Array.from({ length: T }, (_, t) => Array.from({ length: S }, (__, s) => at(t, s)));
  const allowed = rows.map((row, t) => row.map((_, s) => !masked || allowedAt(Math.floor(n / H), t, s)));
  return rule(rows, allowed, n % H).flat();
}

/** The gradient of Σ factors ∘ weights by the scores, from the naive rule. */
function naiveGradient(rule: NaiveNormaliser, masked: boolean): number[] {
  const loss = (k: number, d: number): number => {
    const data = scores.data.slice();
    data[k] = (data[k] as number) + d;
    // No head sees another's scores.
    const n = Math.floor(k / (T * S));
    return ofHead(rule, data, masked, n).reduce((sum, w, i) => sum + w * (factors.data[n * T * S + i] as number), 0);
  };
  const h = 1e-4;
  return Array.from(scores.data, (_, k) => (8 * (loss(k, h) - loss(k, -h)) - (loss(k, 2 * h) - loss(k, -2 * h))) / (12 * h));
}

const hostOf = ({ data, shape: of }: RefArray, dtype: 'float32' | 'bool' = 'float32'): HostArray =>
  new HostArray(dtype === 'bool' ? Uint8Array.from(data) : Float32Array.from(data), of, dtype);

describe.each(subjects)('$name', ({ ours, naive, backward }) => {
  test.each([false, true])('values and gradients are those of the paper’s equations; masked: %s', async (masked) => {
    const [x, c, m] = [input('x', shape, 'float64'), input('c', shape, 'float64'), input('m', bits.shape, 'bool')];
    const build = (s: Tensor, mask: Tensor): Tensor => ours(s, { mask: masked ? mask : undefined, everyQueryAttends: !masked });
    const weights = build(x, m);
    expect(weights.shape).toEqual(shape);
    const [gradient] = gradients(weights.mul(c).sum(), [x]) as [Tensor];
    const feeds = new Map([
      [x, scores],
      [c, factors],
      [m, bits],
    ]);
    const want = naively(naive, scores.data, masked);
    const wantGradient = naiveGradient(backward ?? naive, masked);
    expect(relativeDifference(numbersOf(weights, feeds), want)).toBeLessThan(1e-12);
    expect(relativeDifference(numbersOf(gradient, feeds), wantGradient)).toBeLessThan(1e-9);

    const run = compile((s: Tensor, f: Tensor, mask: Tensor) => {
      const w = build(s, mask);
      return { w, g: gradients(w.mul(f).sum(), [s])[0] as Tensor };
    });
    cleanup.push(() => run.dispose());
    const { w, g } = await run(hostOf(scores), hostOf(factors), hostOf(bits, 'bool'));
    expect(relativeDifference(w.data, want)).toBeLessThan(1e-5);
    expect(relativeDifference(g.data, wantGradient)).toBeLessThan(1e-5);
    if (!masked) return;
    // What the mask forbids is exactly zero, in ONNX Runtime too.
    want.forEach((_, i) => {
      const [b, t, s] = [Math.floor(i / (H * T * S)), Math.floor(i / S) % T, i % S] as const;
      if (!allowedAt(b, t, s)) expect([w.data[i], g.data[i]].map((v) => Math.abs(Number(v)))).toEqual([0, 0]);
    });
  });

  test('scores that are far apart or all alike stay finite', async () => {
    const run = compile((s: Tensor, mask: Tensor) => {
      const w = ours(s, { mask, everyQueryAttends: false });
      return { w, g: gradients(w.mul(w).sum(), [s])[0] as Tensor };
    });
    cleanup.push(() => run.dispose());
    for (const size of [0, 1e4]) {
      const { w, g } = await run(hostOf({ shape, data: scores.data.map((v) => v * size) }), hostOf(bits, 'bool'));
      expect([...w.data, ...g.data].every((v) => Number.isFinite(Number(v)))).toBe(true);
    }
  });
});

test("the sinks' own gradient", () => {
  const x = input('x', shape, 'float64');
  const c = input('c', shape, 'float64');
  const weights = sink.forward(x, { mask: undefined, everyQueryAttends: true });
  const feeds = new Map([
    [x, scores],
    [c, factors],
  ]);
  const [gradient] = gradients(weights.mul(c).sum(), [parameterTensor(sink.sinks)]) as [Tensor];
  const loss = (h: number, d: number): number =>
    naively(naiveSink(sinkValues.map((v, i) => (i === h ? v + d : v))), scores.data, false).reduce(
      (sum, w, i) => sum + w * (factors.data[i] as number),
      0,
    );
  const want = sinkValues.map((_, h) => (loss(h, 1e-5) - loss(h, -1e-5)) / 2e-5);
  expect(relativeDifference(numbersOf(gradient, feeds), want)).toBeLessThan(1e-8);
});

describe('bad input', () => {
  const x = input('x', shape);
  const inputs = { mask: undefined, everyQueryAttends: true };
  test.each([
    ['temperature 0', () => softmaxNormaliser({ temperature: 0 }), /^softmaxNormaliser: a temperature above 0; got 0\. For its limit/],
    ['temperature NaN', () => sinkhorn({ temperature: Number.NaN }), /sinkhorn: a temperature above 0; got NaN/],
    ['no iterations', () => sinkhorn({ iterations: 0 }), /sinkhorn: a number of iterations, 1 or more; got 0/],
    ['bias NaN', () => sigmoidNormaliser({ bias: Number.NaN }), /sigmoidNormaliser: a bias that is a finite number/],
    ['no heads', () => new SinkSoftmax({ heads: 0 }), /SinkSoftmax: a number of heads, 1 or more; got 0/],
    [
      'other heads than sinks',
      () => withPath('blocks.0.attention', () => new SinkSoftmax({ heads: 2 }).forward(x, inputs)),
      /SinkSoftmax.*: scores of 2 heads, one sink each; got 3 heads/,
    ],
    [
      'a length that is not known',
      () => withPath('blocks.0.attention', () => sparsemax()(input('x', [B, H, T, symbol('S')]), inputs)),
      /^sparsemax at blocks\.0\.attention: a number of keys that is known when the program is made, for they are sorted; got S/,
    ],
  ])('%s', (_, build, message) => expect(build).toThrow(message));
});

test('without an option, softmax is the op itself: the graphs of models stay what they were', () => {
  const x = input('x', shape);
  const node = softmaxNormaliser()(x, { mask: undefined, everyQueryAttends: true }).node;
  expect([node.op.name, node.inputs]).toEqual(['softmax', [x]]);
});
