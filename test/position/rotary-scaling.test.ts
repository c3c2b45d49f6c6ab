import { expect, test } from 'vitest';
import { ntkBase, type RotaryScaling, rotaryFrequencies } from '#dist/position/index.js';

// Each pair by itself, after the papers; wavelengths and turns where the code has angles.
const [width, base, context] = [64, 10000, 8192];
const pairs = Array.from({ length: width / 2 }, (_, i) => base ** (-(2 * i) / width));
const factor = 8;

/** 0 up to `from`, 1 from `to`, a straight line between. */
const ramp = (x: number, from: number, to: number): number => (x <= from ? 0 : x >= to ? 1 : (x - from) / (to - from));

const cases: [string, RotaryScaling, (theta: number, i: number) => number][] = [
  ['linear', { kind: 'linear', factor }, (theta) => theta / factor],
  [
    'llama3',
    { kind: 'llama3', factor, originalContext: context, lowFrequencyFactor: 1, highFrequencyFactor: 4 },
    (theta) => {
      const wavelength = (2 * Math.PI) / theta;
      if (wavelength > context / 1) return theta / factor;
      if (wavelength < context / 4) return theta;
      const smooth = (context / wavelength - 1) / (4 - 1);
      return ((1 - smooth) * theta) / factor + smooth * theta;
    },
  ],
  [
    'YaRN',
    { kind: 'yarn', factor, originalContext: context, fastTurns: 32, slowTurns: 1, attentionFactor: 1 },
    (theta, i) => {
      // Turns of pair d in the first context: context · base^(−2d/width) / 2π. The pairs of 32 turns and of 1, to whole ones.
      const found = [32, 1].map((turns) => (width / 2) * (Math.log(context / (2 * Math.PI * turns)) / Math.log(base))) as [number, number];
      const divided = ramp(i, Math.floor(found[0]), Math.ceil(found[1]));
      return theta * (1 - divided) + (theta / factor) * divided;
    },
  ],
];

test.each(cases)('%s: every pair turns as the paper has it', (_, scaling, expected) => {
  const { radians } = rotaryFrequencies(width, base, scaling);
  const wanted = pairs.map(expected);
  radians.forEach((r, i) => {
    expect(r / (wanted[i] as number)).toBeCloseTo(1, 12);
  });
  // Between the ends something is neither kept nor divided whole.
  if (scaling.kind !== 'linear') {
    const kept = wanted.map((w, i) => w / (pairs[i] as number));
    expect(kept.some((k) => k > 1.001 / factor && k < 0.999)).toBe(true);
  }
});

test('NTK: every pair turns by the changed base', () => {
  const { radians } = rotaryFrequencies(width, ntkBase(base, factor, width));
  radians.forEach((r, i) => {
    expect(r / ((pairs[i] as number) * factor ** ((-2 * i) / (width - 2)))).toBeCloseTo(1, 12);
  });
});
