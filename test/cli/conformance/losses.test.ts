import fc from 'fast-check';
import { test } from 'vitest';
import { at, caseOf, expectPassed, filled, places, type Stored, size, source } from './cases.js';

const cases = fc.record({
  batch: fc.integer({ min: 1, max: 3 }),
  classes: fc.integer({ min: 1, max: 5 }),
  places: fc.array(fc.integer({ min: 1, max: 3 }), { maxLength: 5 }),
  reduction: fc.constantFrom(undefined, 'mean', 'sum', 'none'),
  weighted: fc.boolean(),
  /** A class, or a number that is none: below, above. */
  ignore: fc.constantFrom(undefined, 0, 1, -1, -5, 10),
  logProbabilities: fc.boolean(),
  stored: fc.constantFrom<Stored>('float32', 'float64', 'float16'),
  seed: fc.nat(1e6),
});

test('SoftmaxCrossEntropyLoss of rank 2 to 7, with weights, reductions and labels that do not count', async () => {
  await fc.assert(
    fc.asyncProperty(cases, async (s) => {
      const random = source(s.seed, s.stored);
      const shape = [s.batch, s.classes, ...s.places];
      const scores = random(shape);
      const labelShape = [s.batch, ...s.places];
      const drawn = random(labelShape).data.map((v) => Math.floor(((v + 1) / 2) * (s.classes - 1e-9)));
      // Each third label is the one that does not count.
      const labels = { data: drawn.map((l, i) => (s.ignore !== undefined && i % 3 === 1 ? s.ignore : l)), shape: labelShape };
      const weights = s.weighted ? random([s.classes]) : undefined;
      const positive = weights && filled([s.classes], (c) => Math.abs(weights.data[c] as number) + 0.125);
      const logs = filled(shape, (i) => {
        const place = places(i, shape);
        const row = Array.from({ length: s.classes }, (_, c) => at(scores, [place[0] as number, c, ...place.slice(2)]));
        return (scores.data[i] as number) - Math.log(row.reduce((sum, v) => sum + Math.exp(v), 0));
      });
      const rows = Array.from({ length: size(labelShape) }, (_, i) => {
        const label = labels.data[i] as number;
        if (label === s.ignore || label < 0 || label >= s.classes) return { loss: 0, weight: 0 };
        const [n, ...rest] = places(i, labelShape) as [number, ...number[]];
        const weight = positive === undefined ? 1 : (positive.data[label] as number);
        return { loss: -weight * at(logs, [n, label, ...rest]), weight };
      });
      const sum = rows.reduce((a, row) => a + row.loss, 0);
      const divided = rows.reduce((a, row) => a + row.weight, 0);
      const loss =
        s.reduction === 'none'
          ? filled(labelShape, (i) => (rows[i] as { loss: number }).loss)
          : filled([], () => (s.reduction === 'sum' ? sum : sum / divided));
      const given = caseOf(
        'SoftmaxCrossEntropyLoss',
        { ...(s.reduction && { reduction: s.reduction }), ...(s.ignore !== undefined && { ignore_index: s.ignore }) },
        [scores, { whole: labels }, positive],
        [loss, s.logProbabilities ? logs : undefined],
        s.stored,
      );
      await expectPassed(given);
    }),
    { numRuns: 50 },
  );
});
