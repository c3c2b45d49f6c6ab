import fc from 'fast-check';
import { test } from 'vitest';
import { at, caseOf, expectPassed, filled, type Numbers, places, type Stored, size, source } from './cases.js';

const shapes = fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 5 });
const common = {
  shape: shapes,
  which: fc.nat(9),
  negative: fc.boolean(),
  stored: fc.constantFrom<Stored>('float32', 'float64', 'float16'),
  seed: fc.nat(1e6),
};

/** An axis of the shape, and as the attribute has it. */
function axisOf({ shape, which, negative }: { shape: readonly number[]; which: number; negative: boolean }): [number, number] {
  const axis = which % shape.length;
  return [axis, negative ? axis - shape.length : axis];
}

/** The numbers that stand together with the i-th: all whose places agree with its where `free` does not say otherwise. */
function together(x: Numbers, i: number, free: (axis: number) => boolean): number[] {
  const own = places(i, x.shape);
  return [...x.data].filter((_, j) => places(j, x.shape).every((p, axis) => free(axis) || p === own[axis]));
}

const mean = (row: readonly number[]): number => row.reduce((a, b) => a + b, 0) / row.length;

test('Softmax along any axis of any rank', async () => {
  await fc.assert(
    fc.asyncProperty(fc.record(common), async (s) => {
      const [axis, attribute] = axisOf(s);
      const x = source(s.seed, s.stored)(s.shape);
      const y = filled(s.shape, (i) => {
        const row = together(x, i, (a) => a === axis).map(Math.exp);
        return Math.exp(x.data[i] as number) / row.reduce((a, b) => a + b, 0);
      });
      await expectPassed(caseOf('Softmax', { axis: attribute }, [x], [y], s.stored));
    }),
    { numRuns: 50 },
  );
});

/** Scales as ONNX allows them: of the axes that are normalised, or whatever broadcasts to x. */
const scales = fc.constantFrom<'trailing' | 'last' | 'one' | 'all'>('trailing', 'trailing', 'last', 'one', 'all');

function scaleShape(kind: string, shape: readonly number[], axis: number): readonly number[] {
  if (kind === 'last') return shape.slice(-1);
  if (kind === 'one') return [1];
  return kind === 'all' ? shape.map((n, a) => (a < axis ? 1 : n)) : shape.slice(axis);
}

test('LayerNormalization over the axes from any on, with its statistics', async () => {
  await fc.assert(
    fc.asyncProperty(fc.record({ ...common, scale: scales, biased: fc.boolean(), epsilon: fc.constantFrom(1e-5, 0.1) }), async (s) => {
      const [axis, attribute] = axisOf(s);
      const random = source(s.seed, s.stored);
      const x = random(s.shape);
      const scale = random(scaleShape(s.scale, s.shape, axis));
      const bias = s.biased ? random(scale.shape) : undefined;
      const rowOf = (i: number): number[] => together(x, i, (a) => a >= axis);
      const deviation = (row: readonly number[]): number => 1 / Math.sqrt(mean(row.map((v) => (v - mean(row)) ** 2)) + s.epsilon);
      const y = filled(s.shape, (i) => {
        const [row, place] = [rowOf(i), places(i, s.shape)];
        const normal = ((x.data[i] as number) - mean(row)) * deviation(row);
        return normal * at(scale, place) + (bias === undefined ? 0 : at(bias, place));
      });
      const rows = s.shape.map((n, a) => (a < axis ? n : 1));
      const width = size(s.shape.slice(axis));
      const statistic = (of: (row: number[]) => number): Numbers => filled(rows, (r) => of(rowOf(r * width)));
      const given = caseOf(
        'LayerNormalization',
        { axis: attribute, epsilon: s.epsilon },
        [x, scale, bias],
        [y, statistic(mean), statistic(deviation)],
        s.stored,
      );
      await expectPassed(given);
    }),
    { numRuns: 50 },
  );
});

test('RMSNormalization over the axes from any on', async () => {
  await fc.assert(
    fc.asyncProperty(fc.record({ ...common, scale: scales, epsilon: fc.constantFrom(1e-5, 0.1) }), async (s) => {
      const [axis, attribute] = axisOf(s);
      const random = source(s.seed, s.stored);
      const x = random(s.shape);
      const scale = random(scaleShape(s.scale, s.shape, axis));
      const y = filled(s.shape, (i) => {
        const row = together(x, i, (a) => a >= axis);
        return ((x.data[i] as number) / Math.sqrt(mean(row.map((v) => v * v)) + s.epsilon)) * at(scale, places(i, s.shape));
      });
      const given = caseOf('RMSNormalization', { axis: attribute, epsilon: s.epsilon }, [x, scale], [y], s.stored);
      await expectPassed(given);
    }),
    { numRuns: 50 },
  );
});

/** erf by its series, which converges everywhere and is exact to the last digits where |x| < 3. */
function erf(x: number): number {
  let [term, sum] = [x, x];
  for (let n = 1; n < 80; n++) {
    term *= (-x * x) / n;
    sum += term / (2 * n + 1);
  }
  return (2 / Math.sqrt(Math.PI)) * sum;
}

test('Gelu, exact and by tanh', async () => {
  await fc.assert(
    fc.asyncProperty(fc.record({ ...common, approximate: fc.constantFrom('none', 'tanh') }), async (s) => {
      const x = source(s.seed, s.stored)(s.shape);
      const wide = filled(s.shape, (i) => 4 * (x.data[i] as number));
      const y = filled(s.shape, (i) => {
        const v = wide.data[i] as number;
        if (s.approximate === 'none') return (v / 2) * (1 + erf(v / Math.SQRT2));
        return (v / 2) * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (v + 0.044715 * v ** 3)));
      });
      await expectPassed(caseOf('Gelu', { approximate: s.approximate }, [wide], [y], s.stored));
    }),
    { numRuns: 50 },
  );
});

test('RotaryEmbedding of either layout, part of a head, by position or by token', async () => {
  const sizes = fc.record({
    batch: fc.integer({ min: 1, max: 2 }),
    heads: fc.integer({ min: 1, max: 3 }),
    length: fc.integer({ min: 1, max: 4 }),
    width: fc.constantFrom(4, 8),
    part: fc.constantFrom(0, 2, 4),
    flat: fc.boolean(),
    interleaved: fc.boolean(),
    byPosition: fc.boolean(),
    stored: fc.constantFrom<Stored>('float32', 'float16'),
    seed: fc.nat(1e6),
  });
  await fc.assert(
    fc.asyncProperty(sizes, async (s) => {
      const random = source(s.seed, s.stored);
      const turning = s.part === 0 ? s.width : s.part;
      const shape = s.flat ? [s.batch, s.length, s.heads * s.width] : [s.batch, s.heads, s.length, s.width];
      const x = random(shape);
      const cache = s.byPosition ? [7, turning / 2] : [s.batch, s.length, turning / 2];
      const [cos, sin] = [random(cache), random(cache)];
      const positions = random([s.batch, s.length]).data.map((v) => Math.floor(((v + 1) / 2) * 6.999));
      const y = filled(shape, (i) => {
        const place = places(i, shape);
        const [b, t] = s.flat ? [place[0] as number, place[1] as number] : [place[0] as number, place[2] as number];
        const d = (place.at(-1) as number) % s.width;
        if (d >= turning) return x.data[i] as number;
        const pair = s.interleaved ? Math.floor(d / 2) : d % (turning / 2);
        const isFirst = s.interleaved ? d % 2 === 0 : d < turning / 2;
        const apart = s.interleaved ? 1 : turning / 2;
        const index = s.byPosition ? [positions[b * s.length + t] as number, pair] : [b, t, pair];
        const other = x.data[isFirst ? i + apart : i - apart] as number;
        return (x.data[i] as number) * at(cos, index) + (isFirst ? -other : other) * at(sin, index);
      });
      const given = caseOf(
        'RotaryEmbedding',
        { interleaved: s.interleaved ? 1 : 0, rotary_embedding_dim: s.part, ...(s.flat && { num_heads: s.heads }) },
        [x, cos, sin, s.byPosition ? { whole: { data: positions, shape: [s.batch, s.length] } } : undefined],
        [y],
        s.stored,
      );
      await expectPassed(given);
    }),
    { numRuns: 50 },
  );
});
