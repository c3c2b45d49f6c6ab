import fc from 'fast-check';
import { test } from 'vitest';
import { at, caseOf, expectPassed, filled, type Numbers, places, type Stored, size, source } from './cases.js';

interface Sizes {
  readonly [name: string]: unknown;
  readonly batch: number;
  readonly groups: number;
  readonly into: number;
  readonly out: number;
  readonly axes: readonly { n: number; kernel: number; stride: number; dilation: number; before: number; after: number; added: number }[];
  readonly mode: string;
  readonly biased: boolean;
  readonly stored: Stored;
  readonly seed: number;
}

const sizes: fc.Arbitrary<Sizes> = fc.record({
  batch: fc.integer({ min: 1, max: 2 }),
  groups: fc.integer({ min: 1, max: 3 }),
  /** Channels of a group, in and out. */
  into: fc.integer({ min: 1, max: 2 }),
  out: fc.integer({ min: 1, max: 2 }),
  axes: fc.array(
    fc.record({
      n: fc.integer({ min: 3, max: 5 }),
      kernel: fc.integer({ min: 1, max: 3 }),
      stride: fc.integer({ min: 1, max: 2 }),
      dilation: fc.constantFrom(1, 1, 2),
      before: fc.integer({ min: 0, max: 1 }),
      after: fc.integer({ min: 0, max: 1 }),
      added: fc.integer({ min: 0, max: 1 }),
    }),
    { minLength: 1, maxLength: 3 },
  ),
  mode: fc.constantFrom('NOTSET', 'NOTSET', 'VALID', 'SAME_UPPER', 'SAME_LOWER'),
  biased: fc.boolean(),
  stored: fc.constantFrom<Stored>('float32', 'float32', 'float64', 'float16'),
  seed: fc.nat(1e6),
});

const reachOf = ({ kernel, dilation }: Sizes['axes'][number]): number => (kernel - 1) * dilation + 1;

/** Zeros of a total on both sides, the odd one behind where `upper`. */
const halves = (total: number, upper: boolean): [number, number] =>
  upper ? [Math.floor(total / 2), Math.ceil(total / 2)] : [Math.ceil(total / 2), Math.floor(total / 2)];

function attributesOf(s: Sizes, pads: boolean): Record<string, string | number | number[]> {
  return {
    kernel_shape: s.axes.map((a) => a.kernel),
    strides: s.axes.map((a) => a.stride),
    dilations: s.axes.map((a) => a.dilation),
    group: s.groups,
    auto_pad: s.mode,
    ...(pads && { pads: [...s.axes.map((a) => a.before), ...s.axes.map((a) => a.after)] }),
  };
}

/** Every place of a box. */
const box = (shape: readonly number[]): number[][] => Array.from({ length: size(shape) }, (_, i) => places(i, shape));

test('Conv in one to three dimensions, grouped, dilated, padded in every way', async () => {
  await fc.assert(
    fc.asyncProperty(sizes, async (s) => {
      const random = source(s.seed, s.stored);
      const kernel = s.axes.map((a) => a.kernel);
      const x = random([s.batch, s.groups * s.into, ...s.axes.map((a) => a.n)]);
      const w = random([s.groups * s.out, s.into, ...kernel]);
      const b = s.biased ? random([s.groups * s.out]) : undefined;
      const pads = s.axes.map((a): [number, number] => {
        if (s.mode === 'NOTSET') return [a.before, a.after];
        if (s.mode === 'VALID') return [0, 0];
        return halves(Math.max(0, (Math.ceil(a.n / a.stride) - 1) * a.stride + reachOf(a) - a.n), s.mode === 'SAME_UPPER');
      });
      const lengths = s.axes.map((a, i) => {
        const [before, after] = pads[i] as [number, number];
        return Math.floor((a.n + before + after - reachOf(a)) / a.stride) + 1;
      });
      fc.pre(lengths.every((n) => n >= 1));
      const shape = [s.batch, s.groups * s.out, ...lengths];
      const y = filled(shape, (i) => {
        const [n, o, ...place] = places(i, shape) as [number, number, ...number[]];
        let sum = b === undefined ? 0 : at(b, [o]);
        for (const k of box(kernel)) {
          const from = s.axes.map(
            (a, axis) => (place[axis] as number) * a.stride + (k[axis] as number) * a.dilation - (pads[axis] as [number, number])[0],
          );
          if (from.some((f, axis) => f < 0 || f >= (s.axes[axis] as { n: number }).n)) continue;
          for (let c = 0; c < s.into; c++) sum += at(x, [n, Math.floor(o / s.out) * s.into + c, ...from]) * at(w, [o, c, ...k]);
        }
        return sum;
      });
      await expectPassed(caseOf('Conv', attributesOf(s, s.mode === 'NOTSET'), [x, w, b], [y], s.stored));
    }),
    { numRuns: 50 },
  );
});

/** Every input spread over the outputs its kernel reaches, then zeros cut off before and behind. */
function spread(s: Sizes, x: Numbers, w: Numbers, b: Numbers | undefined, before: readonly number[], shape: readonly number[]): Numbers {
  const y = filled(shape, (i) => (b === undefined ? 0 : at(b, [places(i, shape)[1] as number])));
  x.data.forEach((v, i) => {
    const [n, c, ...from] = places(i, x.shape) as [number, number, ...number[]];
    for (const k of box(s.axes.map((a) => a.kernel))) {
      const to = s.axes.map((a, axis) => (from[axis] as number) * a.stride + (k[axis] as number) * a.dilation - (before[axis] as number));
      if (to.some((t, axis) => t < 0 || t >= (shape[axis + 2] as number))) continue;
      for (let o = 0; o < s.out; o++) {
        const index = [n, Math.floor(c / s.into) * s.out + o, ...to];
        const flat = shape.reduce((sum, length, axis) => sum * length + (index[axis] as number), 0);
        y.data[flat] = (y.data[flat] as number) + v * at(w, [c, o, ...k]);
      }
    }
  });
  return y;
}

test('ConvTranspose in one to three dimensions, with padding of the output, or its shape', async () => {
  await fc.assert(
    fc.asyncProperty(sizes, fc.boolean(), async (s, shaped) => {
      const random = source(s.seed, s.stored);
      const x = random([s.batch, s.groups * s.into, ...s.axes.map((a) => a.n)]);
      const w = random([s.groups * s.into, s.out, ...s.axes.map((a) => a.kernel)]);
      const b = s.biased ? random([s.groups * s.out]) : undefined;
      // What is added must be less than a stride.
      const added = s.axes.map((a) => Math.min(a.added, a.stride - 1));
      const full = s.axes.map((a, i) => (a.n - 1) * a.stride + reachOf(a) + (added[i] as number));
      const same = s.mode.startsWith('SAME');
      const asked = same ? s.axes.map((a) => a.n * a.stride) : full.map((n, i) => n - (s.axes[i] as { before: number }).before);
      const byShape = same || (shaped && s.mode === 'NOTSET');
      const pads = s.axes.map((a, i): [number, number] => {
        if (byShape) return halves((full[i] as number) - (asked[i] as number), s.mode === 'SAME_UPPER');
        return s.mode === 'VALID' ? [0, 0] : [a.before, a.after];
      });
      const lengths = full.map((n, i) => n - (pads[i] as [number, number])[0] - (pads[i] as [number, number])[1]);
      // More than the kernel reaches over: how zeros are then put is not said.
      fc.pre(lengths.every((n) => n >= 1) && pads.flat().every((p) => p >= 0));
      const y = spread(
        s,
        x,
        w,
        b,
        pads.map(([before]) => before),
        [s.batch, s.groups * s.out, ...lengths],
      );
      const given = caseOf(
        'ConvTranspose',
        {
          ...attributesOf(s, s.mode === 'NOTSET' && !byShape),
          output_padding: added,
          ...(byShape && !same && { output_shape: asked }),
        },
        [x, w, b],
        [y],
        s.stored,
      );
      await expectPassed(given);
    }),
    { numRuns: 50 },
  );
});
