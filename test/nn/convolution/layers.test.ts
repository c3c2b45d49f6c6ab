import { describe, expect, test } from 'vitest';
import { symbol } from '#dist/core/index.js';
import { gradients } from '#dist/grad/index.js';
import { Conv, ConvTranspose, Inception, type Module, TemporalBlock } from '#dist/nn/index.js';
import {
  averagePool,
  concat,
  conv,
  evaluate,
  input,
  maxPool,
  parameterTensor,
  type RefArray,
  relu,
  type Tensor,
  withTraining,
} from '#dist/ops/index.js';
import { relativeDifference } from '../../support/arrays.js';
import { numbers } from '../arrays.js';

const [B, C, M, T] = [2, 3, 4, 7];

/** Values in float64, of x at the shape of `array`. */
function inFloat64(f: (x: Tensor) => readonly Tensor[], array: RefArray): readonly RefArray[] {
  const x = input('x', array.shape);
  return evaluate(f(x), new Map([[x, array]]));
}

const weightsOf = (module: Module): Map<string, ArrayLike<number>> =>
  new Map([...module.parameters()].map(([name, p]) => [name, p.value.data as Float32Array]));

/** A causal dilated convolution with weight norm, by its definition. */
function naive(x: RefArray, weights: ReadonlyMap<string, ArrayLike<number>>, name: string, to: number, dilation: number): RefArray {
  const [batch, from, length] = x.shape as [number, number, number];
  const [v, g, b] = ['weight', 'gain', 'bias'].map((part) => weights.get(`${name}.${part}`) as ArrayLike<number>) as [
    ArrayLike<number>,
    ArrayLike<number>,
    ArrayLike<number>,
  ];
  const kernel = v.length / (to * from);
  const data = new Float64Array(batch * to * length);
  for (let n = 0; n < batch; n++)
    for (let m = 0; m < to; m++) {
      const own = Array.from({ length: from * kernel }, (_, i) => Number(v[m * from * kernel + i]));
      const scale = Number(g[m]) / Math.sqrt(own.reduce((s, w) => s + w * w, 0));
      for (let t = 0; t < length; t++) {
        let sum = Number(b[m]);
        for (let c = 0; c < from; c++)
          for (let k = 0; k < kernel; k++) {
            const at = t - (kernel - 1 - k) * dilation;
            if (at >= 0) sum += scale * (own[c * kernel + k] as number) * (x.data[(n * from + c) * length + at] as number);
          }
        data[(n * to + m) * length + t] = sum;
      }
    }
  return { shape: [batch, to, length], data };
}

const positive = ({ shape, data }: RefArray): RefArray => ({ shape, data: Float64Array.from(data, (v) => Math.max(0, v)) });

describe('a temporal block', () => {
  const x = numbers('x', [B, C, T]);
  const block = new TemporalBlock({ from: C, to: M, kernel: 3, dilation: 2 });

  test('is the paper’s: two causal dilated convolutions with weight norms and rectifiers, and a shortcut', () => {
    const weights = weightsOf(block);
    for (const gain of ['first.gain', 'second.gain']) (weights.get(gain) as Float32Array).set([0.5, 1.5, 2.5, 3.5]);
    const inner = positive(naive(positive(naive(x, weights, 'first', M, 2)), weights, 'second', M, 2));
    const [w, b] = [weights.get('shortcut.weight'), weights.get('shortcut.bias')] as [ArrayLike<number>, ArrayLike<number>];
    const want = inner.data.map((v, i) => {
      const [n, m, t] = [Math.floor(i / (M * T)), Math.floor(i / T) % M, i % T];
      const around = Array.from({ length: C }, (_, c) => Number(w[m * C + c]) * (x.data[(n * C + c) * T + t] as number));
      return Math.max(0, v + around.reduce((s, a) => s + a, Number(b[m])));
    });
    const [got] = inFloat64((input) => [block.forward(input).outputs], x);
    expect(relativeDifference(got?.data, want)).toBeLessThan(1e-10);
  });

  test('weight norm starts as the layer without it: gains are the lengths of the filters', () => {
    const [plain, normed] = [false, true].map((weightNorm) => new Conv(C, M, { kernel: [3], weightNorm })) as [Conv, Conv];
    const [a, b] = [plain, normed].map((layer) => inFloat64((input) => [layer.forward(input)], x)[0]?.data);
    expect(relativeDifference(b, a)).toBeLessThan(1e-6);
  });

  test('a text in two parts, the second from what the first leaves, is the text', () => {
    const zeros = (input: Tensor): Tensor[] =>
      block.carries.map(([width, n]) =>
        input
          .slice([null, [0, 1], [0, 1]])
          .mul(0)
          .expand([B, width ?? 0, n ?? 0]),
      );
    const [whole, parts] = inFloat64((input) => {
      const early = block.forward(input.slice([null, null, [0, 3]]), zeros(input));
      const late = block.forward(input.slice([null, null, [3]]), early.state);
      return [block.forward(input).outputs, concat([early.outputs, late.outputs], 2)];
    }, x);
    expect(relativeDifference(parts?.data, whole?.data)).toBeLessThan(1e-12);
  });

  test('takes texts of any length', () => {
    const { outputs } = block.forward(input('x', [symbol('B'), C, symbol('T')]));
    expect(outputs.shape.map(String)).toEqual(['B', String(M), 'T']);
  });
});

test('an Inception block is its branches side by side', () => {
  const block = new Inception({ from: C, one: 2, three: [2, 3], five: [1, 2], pool: 2 });
  const p = new Map([...block.parameters()].map(([name, parameter]) => [name, parameterTensor(parameter)]));
  const part = (x: Tensor, name: string, pads: number): Tensor => {
    const bias = p.get(`${name}.conv.bias`) as Tensor;
    return relu(conv(x, p.get(`${name}.conv.weight`) as Tensor, { pads }).add(bias.reshape([-1, 1, 1])));
  };
  const images = numbers('images', [B, C, 5, 6]);
  const [got, want] = inFloat64(
    (x) => [
      block.forward(x),
      concat(
        [
          part(x, 'one', 0),
          part(part(x, 'three.0', 0), 'three.1', 1),
          part(part(x, 'five.0', 0), 'five.1', 2),
          part(maxPool(x, { kernel: [3, 3], strides: 1, pads: 1 }), 'pool', 0),
        ],
        1,
      ),
    ],
    images,
  );
  expect(got?.shape).toEqual([B, 9, 5, 6]);
  expect(relativeDifference(got?.data, want?.data)).toBeLessThan(1e-12);
  const normed = new Inception({ from: C, one: 2, three: [2, 3], five: [1, 2], pool: 2, batchNorm: true });
  expect([...normed.parameters().keys()].filter((name) => name.startsWith('three.1'))).toEqual(
    ['conv.weight', 'norm.weight', 'norm.bias', 'norm.mean', 'norm.variance'].map((name) => `three.1.${name}`),
  );
});

/** Loss Σ c∘y in float64, by x and every parameter: gradients against central differences along random directions. */
function expectGradients(module: Module, run: (x: Tensor) => Tensor, at: RefArray): void {
  const x = input('x', at.shape);
  const y = run(x);
  const c = numbers('cotangent', y.shape as readonly number[]);
  const cotangent = input('c', c.shape);
  const loss = y.mul(cotangent).sum();
  const wrt = [x, ...[...module.parameters().values()].map((p) => parameterTensor(p))];
  const values = [
    at,
    ...[...module.parameters().values()].map((p) => ({ shape: p.shape, data: Float64Array.from(p.value.data as Float32Array) })),
  ];
  const found = evaluate(gradients(loss, wrt), feeds(values));
  function feeds(all: readonly RefArray[]): Map<Tensor, RefArray> {
    return new Map([[cotangent, c], ...wrt.map((t, i) => [t, all[i] as RefArray] as const)]);
  }
  wrt.forEach((_, i) => {
    const direction = numbers(`direction ${i}`, values[i]?.shape ?? []).data;
    const moved = (step: number): number => {
      const all = values.map((v, j) => (j === i ? { ...v, data: v.data.map((e, k) => e + step * (direction[k] as number)) } : v));
      return evaluate([loss], feeds(all))[0]?.data[0] as number;
    };
    const slope = (moved(1e-5) - moved(-1e-5)) / 2e-5;
    const own = found[i]?.data.reduce((sum, g, k) => sum + g * (direction[k] as number), 0) ?? Number.NaN;
    expect(Math.abs(own - slope)).toBeLessThan(1e-6 * Math.max(1, Math.abs(slope)));
  });
}

test('gradients of blocks are those of central differences, by inputs and every parameter', () => {
  const block = new TemporalBlock({ from: C, to: M, kernel: 3, dilation: 2 });
  expectGradients(block, (x) => block.forward(x).outputs, numbers('rows', [B, C, T]));
  const past = numbers('past', [B, C, 4]);
  expectGradients(
    block,
    (x) =>
      block.forward(x.slice([null, null, [4]]), [x.slice([null, null, [0, 4]]), x.slice([null, [0, 1], [0, 4]]).expand([B, M, 4])]).outputs,
    {
      shape: [B, C, 4 + T],
      data: Float64Array.from({ length: B * C * (4 + T) }, (_, i) => past.data[i % past.data.length] as number),
    },
  );
  const inception = new Inception({ from: C, one: 2, three: [2, 3], five: [1, 2], pool: 2, batchNorm: true });
  expectGradients(inception, (x) => withTraining(true, () => inception.forward(x)), numbers('images', [B, C, 4, 5]));
});

test('a kernel’s axes, wide and narrow: same and causal padding', () => {
  const image = input('x', [1, 2, 5, 6]);
  expect(new Conv(2, 3, { kernel: [3, 4], padding: 'same' }).forward(image).shape).toEqual([1, 3, 5, 6]);
  expect(new ConvTranspose(2, 3, { kernel: [2, 2], strides: 2 }).forward(image).shape).toEqual([1, 3, 10, 12]);
});

describe('what does not fit', () => {
  const x = input('x', [1, 4, 6]);
  test.each<[string, () => unknown, RegExp]>([
    ['groups', () => new Conv(4, 6, { kernel: [3], groups: 4 }), /Conv: groups that divide the channels; got 4 groups of 4 and 6 channels/],
    ['sizes', () => new Conv(4, 0, { kernel: [3] }), /channels, kernel sizes and groups are whole numbers from 1; got 0/],
    ['axes', () => new Conv(4, 4, { kernel: [] }), /a kernel of 1 to 3 axes; got 0/],
    [
      'same with strides',
      () => new Conv(4, 4, { kernel: [3], strides: 2, padding: 'same' }).forward(x),
      /strides of 1 with padding 'same'; got 2/,
    ],
    [
      'causal images',
      () => new Conv(4, 4, { kernel: [3, 3], padding: 'causal' }).forward(input('y', [1, 4, 6, 6])),
      /one axis with padding 'causal'; got 2/,
    ],
    ['channels', () => new Conv(3, 4, { kernel: [3] }).forward(x), /conv.*got/],
    [
      'named sizes with strides',
      () => new Conv(4, 4, { kernel: [3], strides: 2 }).forward(input('y', [1, 4, symbol('T')])),
      /known sizes \(x's may be named where the stride is 1\)/,
    ],
    ['a wide window', () => maxPool(x, { kernel: [7] }), /maxPool: a window no larger than the padded input/],
    ['wide padding', () => maxPool(x, { kernel: [2], pads: 2 }), /padding narrower than a window.*got 2 beside windows over 2/],
    ['a window of another rank', () => averagePool(x, { kernel: [2, 2] }), /averagePool: x \[N,C,…\] with 2 spatial axes/],
    ['a kernel of 1', () => new TemporalBlock({ from: 2, to: 2, kernel: 1, dilation: 1 }), /kernel is a whole number from 2; got 1/],
    ['a past of one', () => new TemporalBlock({ from: 4, to: 4, kernel: 2, dilation: 1 }).forward(x, [x]), /a past of 2 tensors.*got 1/],
  ])('%s', (_, act, message) => {
    expect(act).toThrow(message);
  });
});
