import { describe, expect, test } from 'vitest';
import { randomKey } from '#dist/core/index.js';
import {
  fans,
  type InitializerName,
  initializer,
  initializers,
  kaimingNormal,
  kaimingUniform,
  Linear,
  Module,
  normal,
  orthogonal,
  truncatedNormal,
  uniform,
  xavierNormal,
  xavierUniform,
} from '#dist/nn/index.js';
import type { Initializer } from '#dist/ops/index.js';

/** What an initialiser fills a weight with. */
function drawn(fill: Initializer, shape: readonly number[], stream = 'w'): Float32Array {
  const values = new Float32Array(shape.reduce((a, b) => a * b, 1));
  fill(values, shape, randomKey(0, stream));
  return values;
}

const mean = (v: ArrayLike<number>): number => Array.from(v).reduce((a, b) => a + b, 0) / v.length;

/** Standard deviation of a normal distribution cut at ±c, by the midpoint rule. */
function cutDeviation(c: number): number {
  const [n, density] = [4000, (t: number): number => Math.exp((-t * t) / 2)];
  let [mass, square] = [0, 0];
  for (let i = 0; i < n; i++) {
    const t = -c + ((i + 0.5) * 2 * c) / n;
    mass += density(t);
    square += t * t * density(t);
  }
  return Math.sqrt(square / mass);
}

const [n, m] = [60, 180]; // [in,out]
const spreads: [string, Initializer, readonly number[], number][] = [
  ['xavierUniform', xavierUniform(), [n, m], Math.sqrt(2 / (n + m))],
  ['xavierNormal, gain 3', xavierNormal(3), [n, m], 3 * Math.sqrt(2 / (n + m))],
  ['kaimingUniform', kaimingUniform(), [n, m], Math.sqrt(2 / n)],
  ['kaimingNormal, fan out', kaimingNormal({ fan: 'out' }), [n, m], Math.sqrt(2 / m)],
  ['kaimingNormal, leaky', kaimingNormal({ slope: 0.5 }), [n, m], Math.sqrt(2 / (1.25 * n))],
  ['kaimingUniform of a kernel', kaimingUniform(), [40, 30, 3, 5], Math.sqrt(2 / (30 * 15))],
  ['xavierNormal of a kernel', xavierNormal(), [40, 30, 3, 5], Math.sqrt(2 / (70 * 15))],
  ['normal', normal(0.3), [n, m], 0.3],
  ['uniform', uniform(-1, 3), [n, m], 4 / Math.sqrt(12)],
  ['truncatedNormal', truncatedNormal(0.5), [n, m], 0.5 * cutDeviation(2)],
  ['truncatedNormal, cut at 0.7', truncatedNormal(1, 0.7), [n, m], cutDeviation(0.7)],
];

describe.each(spreads)('%s', (name, fill, shape, deviation) => {
  const values = drawn(fill, shape);
  const centre = name === 'uniform' ? 1 : 0;

  test('has its mean and its deviation', () => {
    expect(Math.abs(mean(values) - centre)).toBeLessThan((4 * deviation) / Math.sqrt(values.length));
    const spread = Math.sqrt(mean(values.map((v) => (v - centre) ** 2)));
    expect(Math.abs(spread / deviation - 1)).toBeLessThan(4 / Math.sqrt(2 * values.length));
  });

  test('is bounded, where it is', () => {
    const furthest = Math.max(...values.map((v) => Math.abs(v - centre)));
    const bound = { uniform: 2, truncatedNormal: 1, 'truncatedNormal, cut at 0.7': 0.7 }[name];
    if (bound !== undefined) expect(furthest).toBeLessThanOrEqual(bound);
    else if (/Uniform/.test(name)) expect(furthest / deviation).toBeLessThanOrEqual(Math.sqrt(3) * (1 + 1e-6));
    else expect(furthest / deviation).toBeGreaterThan(2.5);
  });
});

test('fans: a matrix is [in,out], a kernel [out,in,…]', () => {
  expect(fans([3, 5])).toEqual({ in: 3, out: 5 });
  expect(fans([8, 4, 3])).toEqual({ in: 12, out: 24 });
});

describe.each([
  [[7, 7], 1],
  [[5, 12], 1],
  [[12, 5], 2],
  [[6, 2, 2, 5], 1],
  [[1, 4], 1],
] as const)('orthogonal %s, gain %s', (shape, gain) => {
  test('has orthonormal rows or columns, whichever are fewer', () => {
    const values = drawn(orthogonal(gain), shape);
    const rows = shape[0];
    const columns = values.length / rows;
    const few = Math.min(rows, columns);
    for (let a = 0; a < few; a++) {
      for (let b = 0; b < few; b++) {
        let product = 0;
        for (let k = 0; k < Math.max(rows, columns); k++) {
          const at = (i: number): number => values[rows <= columns ? i * columns + k : k * columns + i] as number;
          product += at(a) * at(b);
        }
        expect(product).toBeCloseTo(a === b ? gain ** 2 : 0, 5);
      }
    }
  });
});

describe('by name', () => {
  test.each(Object.keys(initializers) as InitializerName[])('%s fills a layer, by its path', (name) => {
    const layers = [0, 1].map(() => new Linear(8, 8, { initializer: initializer(name) }));
    const [a, b] = layers.map((l) => l.weight.value.data as Float32Array) as [Float32Array, Float32Array];
    expect(a).toEqual(b);
    expect(a.every(Number.isFinite)).toBe(true);
    const constant = name === 'zeros' || name === 'ones';
    expect(new Set(a).size === 1).toBe(constant);
    if (!constant) expect(drawn(initializer(name), [8, 8], 'other')).not.toEqual(drawn(initializer(name), [8, 8]));
  });

  test('an unknown one lists the known ones', () => {
    expect(() => initializer('xavier')).toThrow(/^initializer: one of zeros, ones, normal, .*; got "xavier"\.$/);
    expect(() => initializer('toString')).toThrow('got "toString"');
  });
});

test('what cannot be is refused', () => {
  for (const fill of [xavierUniform(), kaimingNormal()]) {
    expect(() => drawn(fill, [4])).toThrow(/a weight of two axes or more, whose size decides the spread; got \[4\]\. Take zeros/);
  }
  expect(() => drawn(orthogonal(), [4])).toThrow('orthogonal: a weight of two axes or more; got [4].');
  expect(() => uniform(1, 1)).toThrow('uniform: a low end below the high one; got 1 and 1.');
  expect(() => truncatedNormal(1, 0)).toThrow('truncatedNormal: a cut above 0, in deviations; got 0.');
});

test('an initialiser that refuses a shape names the parameter', () => {
  const model = new (class extends Module {
    readonly layers = [new Linear(2, 3, { biasInitializer: orthogonal() })];
  })();
  const bias = model.parameters().get('layers.0.bias');
  expect(() => bias?.value).toThrow('orthogonal at layers.0.bias: a weight of two axes or more; got [3].');
});
