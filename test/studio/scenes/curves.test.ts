import fc from 'fast-check';
import { expect, test } from 'vitest';
import { curvesScene, stepScale, valueAt } from '../../../studio/src/scenes/curves.js';

test('the value at a step is the last one measured by then', () => {
  const curve = { steps: [10, 20, 30], values: [3, 2, 1] };
  expect([5, 10, 19, 20, 99].map((step) => valueAt(curve, step))).toEqual([undefined, 3, 3, 2, 1]);
});

test('a step and its place on the axis belong together', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 1e6 }), fc.double({ min: 0, max: 1, noNaN: true }), (lastStep, share) => {
      const { x, step } = stepScale({ width: 700, curves: [], lastStep });
      expect(step(x(share * lastStep))).toBeCloseTo(share * lastStep, 4);
    }),
  );
});

test('of more points than pixels the lowest and highest of each pixel are drawn: no spike is lost', () => {
  const count = 100_000;
  const values = Float64Array.from({ length: count }, (_, i) => 2 + Math.sin(i / 5000));
  values[54_321] = 9;
  values[77_777] = -4;
  const scene = curvesScene({
    title: '',
    width: 500,
    height: 200,
    curves: [{ name: 'loss', stroke: 'positive', steps: Float64Array.from(values.keys()), values }],
  });
  const line = scene.marks.find((mark) => mark.kind === 'line' && mark.stroke === 'positive');
  const points = line?.kind === 'line' ? Array.from(line.points) : [];
  expect(points.length).toBeLessThan(4 * 500 + 8);
  const heights = points.filter((_, i) => i % 2 === 1);
  // The axis runs from the lowest to the highest value: both ends are reached.
  expect(Math.min(...heights)).toBeCloseTo(12);
  expect(Math.max(...heights)).toBeCloseTo(200 - 26);
});
