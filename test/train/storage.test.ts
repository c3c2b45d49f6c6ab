import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { layOut, type PlacedParameter, type Span, Storage } from '#dist/train/storage.js';

const shape = fc.array(fc.integer({ min: 1, max: 9 }), { maxLength: 3 });
const parameters = fc
  .array(fc.record({ shape, frozen: fc.boolean() }), { minLength: 1, maxLength: 6 })
  .map((all) => all.map((p, i) => ({ ...p, name: `p${i}`, rate: 1, decays: true })));
const size = (s: readonly number[]): number => s.reduce((a, b) => a * b, 1);
const slotsOf = ({ shape: s }: { shape: readonly number[] }) => ({ first: s, rows: s.slice(0, -1) });

describe('the layout of a run’s memory', () => {
  test('gives everything its own stretch, on multiples of 64 bytes; frozen parameters their values only', () => {
    fc.assert(
      fc.property(parameters, fc.boolean(), fc.boolean(), (all, accumulates, averages) => {
        const masks = [{ shape: [2, 3] }, { shape: [1] }];
        const layout = layOut({ parameters: all, slots: slotsOf, scratch: (p) => 2 * size(p.shape), masks, accumulates, averages });
        const whole = [layout.gradients, layout.sums, layout.scratch, layout.before, ...layout.masks];
        const own = layout.parameters.flatMap((p) => [p.parameter, p.average, ...p.slots.values()]);
        const spans = [...whole, ...own].filter((s): s is Span => s !== undefined && s.size > 0).sort((a, b) => a.at - b.at);
        spans.forEach((span, i) => {
          expect(span.at % 64).toBe(0);
          expect(span.at + 4 * span.size).toBeLessThanOrEqual(spans[i + 1]?.at ?? layout.bytes);
        });
        let next = layout.gradients.at;
        for (const p of layout.parameters) {
          expect(p.parameter.size).toBe(size(p.shape));
          expect([p.gradient === undefined, p.average === undefined, p.slots.size]).toEqual([
            p.frozen,
            p.frozen || !averages,
            p.frozen ? 0 : 2,
          ]);
          if (p.gradient === undefined) continue;
          expect(p.gradient.size).toBe(size(p.shape));
          expect(p.gradient.at).toBeGreaterThanOrEqual(next);
          next = p.gradient.at + 4 * p.gradient.size;
          expect(p.slots.get('rows')?.size).toBe(size(p.shape.slice(0, -1)));
          expect(layout.scratch.size).toBeGreaterThanOrEqual(2 * size(p.shape));
          expect(layout.before.size).toBeGreaterThanOrEqual(size(p.shape));
        }
        expect(next).toBeLessThanOrEqual(layout.gradients.at + 4 * layout.gradients.size);
        expect(layout.sums?.size).toBe(accumulates ? layout.gradients.size : undefined);
      }),
      { numRuns: 60 },
    );
  });

  const one = { name: 'w', shape: [2, 3], rate: 1, decays: true, frozen: false };
  const none = { slots: () => ({}), scratch: () => 0, masks: [], accumulates: false, averages: false };

  test('above 4 GiB is refused, with its size', () => {
    const large = { ...one, shape: [40_000, 30_000] };
    expect(() => layOut({ ...none, parameters: [large] })).toThrow(
      /training storage: .* within 4 GiB.*; got 13\.41 GiB\. Use a smaller model/,
    );
  });

  test('values go in by name and come out as copies; others’ sizes are refused', () => {
    const storage = new Storage(layOut({ ...none, parameters: [one] }));
    const values = (p: PlacedParameter): Span => p.parameter;
    storage.set(values, { w: Float32Array.of(1, 2, 3, 4, 5, 6) }, 'the value');
    const copy = storage.copy(values);
    copy.w?.fill(0);
    expect(storage.copy(values)).toEqual({ w: Float32Array.of(1, 2, 3, 4, 5, 6) });
    expect(() => storage.set(values, { w: new Float32Array(5) }, 'the value')).toThrow(
      /training storage, the value of w: 6 numbers; got 5\. /,
    );
    expect(() => storage.set(values, {}, 'the value')).toThrow(/got none/);
  });
});
