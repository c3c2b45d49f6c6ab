import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type CurveOptions, type CurveSeries, lossCurve, showsUnicode } from '#dist/cli/train/curve.js';
import { axisOver, ticks, tickTexts } from '#dist/cli/train/curve-axis.js';

const points = (count: number, value: (step: number) => number): CurveSeries['points'] =>
  Array.from({ length: count }, (_, i) => ({ step: i + 1, value: value(i + 1) }));
const training = (count: number, value: (step: number) => number): CurveSeries => ({ label: 'training', points: points(count, value) });
const plain: CurveOptions = { width: 60, height: 8, label: 'loss', unicode: true };

/** The rows of the picture, without labels. */
const pictureOf = (lines: readonly string[]): string[] => lines.flatMap((line) => /^[ \d.e+kMG-]* [┤│](.*)$/.exec(line)?.[1] ?? []);

/** The height of the top dot of each column that has one, by what Unicode says of Braille; the first row's top is 0. */
function topDots(picture: readonly string[]): number[] {
  const left = [0x01, 0x02, 0x04, 0x40];
  const right = [0x08, 0x10, 0x20, 0x80];
  const width = Math.max(...picture.map((row) => row.length));
  const tops: number[] = [];
  for (let column = 0; column < 2 * width; column++) {
    const bits = column % 2 === 0 ? left : right;
    const dots = picture.flatMap((row) =>
      bits.map((bit) => ((row.codePointAt(column >> 1) ?? 0x20) & ~0xff) === 0x2800 && ((row.codePointAt(column >> 1) ?? 0) & bit) !== 0),
    );
    if (dots.includes(true)) tops.push(dots.indexOf(true));
  }
  return tops;
}

const value = fc.double({ min: -1e6, max: 1e6, noNaN: true });
const anySeries = fc.array(
  fc.record({
    label: fc.constantFrom('training', 'validation', 'other'),
    points: fc.array(value, { minLength: 1, maxLength: 300 }).map((values) => values.map((v, i) => ({ step: i * 7, value: v }))),
  }),
  { minLength: 1, maxLength: 3 },
);

describe('lossCurve', () => {
  test('keeps to its width and height, whatever is drawn', () => {
    fc.assert(
      fc.property(
        anySeries,
        fc.integer({ min: 24, max: 120 }),
        fc.integer({ min: 2, max: 20 }),
        fc.boolean(),
        (series, width, height, unicode) => {
          const lines = lossCurve(series, { width, height, label: 'loss', unicode });
          expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(width);
          expect([height + 3, height + 4]).toContain(lines.length);
          if (!unicode) expect(lines.join('')).toMatch(/^[\x20-\x7e]*$/);
        },
      ),
      { numRuns: 60 },
    );
  });

  test.each([40, 72])('what falls is drawn falling, from the top row to the bottom row, at %d columns', (width) => {
    const picture = pictureOf(lossCurve([training(500, (step) => 4 / Math.sqrt(step))], { ...plain, width }));
    const tops = topDots(picture);
    expect(picture).toHaveLength(8);
    expect(tops.length).toBe(2 * (width - 6));
    expect([...tops].sort((a, b) => a - b)).toEqual(tops);
    expect([tops[0], tops.at(-1)]).toEqual([0, 31]);
  });

  test('a dot stands where its value says, to half a dot', () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: 1, max: 10, noNaN: true }), { minLength: 2, maxLength: 54 }), (values) => {
        // One value every two columns or more: what is between is interpolated.
        const lines = lossCurve([{ label: 'training', points: values.map((v, step) => ({ step, value: v })) }], plain);
        const [low, high] = [Math.min(...values), Math.max(...values)];
        if (low === high) return;
        const columns = 2 * (pictureWidth(lines) ?? 0);
        const picture = pictureOf(lines);
        values.forEach((v, step) => {
          const column = Math.min(columns - 1, Math.floor((step / (values.length - 1)) * columns));
          const expected = (1 - (v - low) / (high - low)) * 31;
          expect(dotsOf(picture, column).some((y) => Math.abs(y - expected) <= 0.5 + 1e-9)).toBe(true);
        });
      }),
      { numRuns: 60 },
    );
  });

  test('an exponential fall over a wide range is straight, on round powers of ten', () => {
    const lines = lossCurve([training(2000, (step) => 5 * Math.exp(-step / 200))], { ...plain, height: 12 });
    expect(lines[0]).toContain('loss, log scale');
    const tops = topDots(pictureOf(lines));
    tops.forEach((top, i) => {
      expect(Math.abs(top - (i / (tops.length - 1)) * 47)).toBeLessThan(1.5);
    });
    expect(lines.flatMap((line) => /^ *(\S+) ┤/.exec(line)?.[1] ?? [])).toEqual(['1', '0.1', '0.01', '0.001']);
    const narrow = lossCurve([training(2000, (step) => 5 - step / 500)], plain);
    expect(narrow[0]).not.toContain('log');
  });

  test('other series are marks over the line, named in the legend', () => {
    const validation: CurveSeries = { label: 'validation', points: [1, 2, 3, 4].map((i) => ({ step: i * 100, value: 5 - i })) };
    const lines = lossCurve(
      [training(400, (step) => 5 - step / 100), validation, { label: 'third', points: [{ step: 50, value: 1 }] }],
      plain,
    );
    expect(lines[0]?.trim()).toBe('loss   ⠒⠒ training   ● validation   ◆ third');
    const marks = pictureOf(lines).join('').match(/[●◆]/g) ?? [];
    expect(marks.sort()).toEqual(['◆', '●', '●', '●', '●'].sort());
    expect(
      lossCurve([training(400, (step) => step), validation], { ...plain, width: 40 })
        .slice(0, 2)
        .map((l) => l.trim()),
    ).toEqual(['loss, log scale', '⠒⠒ training   ● validation']);
  });

  test('the numbers of an axis fall from top to bottom and stand at the rows of their values', () => {
    const lines = lossCurve([training(100, (step) => 100 + step)], { ...plain, height: 10 });
    const labels = lines.flatMap((line, i) => {
      const found = /^ *([\d.]+) ┤/.exec(line);
      return found ? [{ row: i - 1, value: Number(found[1]) }] : [];
    });
    expect(labels.length).toBeGreaterThanOrEqual(3);
    const seen = lines
      .find((line) => line.startsWith('step'))
      ?.match(/[\d.]+/g)
      ?.map(Number);
    expect(seen?.[0]).toBe(0);
    expect(seen?.at(-1)).toBe(100);
    for (const { row, value: v } of labels) expect(Math.abs(row - ((200 - v) / 99) * 9.75)).toBeLessThanOrEqual(1);
  });

  test('means, not extremes, are drawn of many steps; one point and equal points are drawn too', () => {
    const noisy = lossCurve([training(54_000, (step) => 3 + (step % 2 === 0 ? 1 : -1))], plain);
    const labels = noisy.flatMap((line) => /^ *([\d.]+) ┤/.exec(line)?.[1] ?? []).map(Number);
    expect(labels.length).toBeGreaterThan(0);
    for (const label of labels) expect(Math.abs(label - 3)).toBeLessThan(0.01);
    for (const count of [1, 50]) expect(topDots(pictureOf(lossCurve([training(count, () => 2.5)], plain)))).toContain(16);
  });

  test('the widest range there is', () => {
    const lines = lossCurve([training(3, (step) => [5e-324, 1, 1e300][step - 1] ?? 1)], plain);
    expect(lines[0]).toContain('log scale');
    expect(lines).toHaveLength(11);
  });

  test('what is not finite is left out; of nothing nothing is drawn', () => {
    const holes = points(50, (step) => (step % 5 === 0 ? Number.NaN : step === 7 ? Number.POSITIVE_INFINITY : step));
    const whole = holes.filter((p) => Number.isFinite(p.value));
    expect(lossCurve([{ label: 'training', points: holes }], plain)).toEqual(lossCurve([{ label: 'training', points: whole }], plain));
    expect(lossCurve([], plain)).toEqual([]);
    expect(lossCurve([{ label: 'training', points: [{ step: 1, value: Number.NaN }] }], plain)).toEqual([]);
  });

  test('refuses a picture too small to be one', () => {
    expect(() => lossCurve([training(9, (s) => s)], { ...plain, width: 23 })).toThrow('a width from 24 and a height from 2; got 23 × 8');
    expect(() => lossCurve([training(9, (s) => s)], { ...plain, height: 1 })).toThrow('got 60 × 1');
  });
});

function pictureWidth(lines: readonly string[]): number | undefined {
  return /└(.*)$/.exec(lines.find((line) => line.includes('└')) ?? '')?.[1]?.length;
}

/** Heights of every dot of a column, the first row's top being 0. */
function dotsOf(picture: readonly string[], column: number): number[] {
  const bits = column % 2 === 0 ? [0x01, 0x02, 0x04, 0x40] : [0x08, 0x10, 0x20, 0x80];
  return picture.flatMap((row, r) => {
    const code = row.codePointAt(column >> 1) ?? 0;
    return bits.flatMap((bit, i) => (code >= 0x2800 && (code & bit) !== 0 ? [4 * r + i] : []));
  });
}

describe('axes', () => {
  test('ticks are round, within the axis, ascending, at most so many', () => {
    fc.assert(
      fc.property(value, value, fc.integer({ min: 2, max: 12 }), (a, b, most) => {
        const axis = axisOver([a, b], false);
        const found = ticks(axis, most);
        expect(found.length).toBeLessThanOrEqual(most);
        // A millionth of the axis, or the last digits of its numbers where it is hardly wider than they are.
        const room = Math.max((axis.high - axis.low) * 1e-6, Math.abs(axis.high) * 1e-14, Math.abs(axis.low) * 1e-14, 1e-300);
        for (const [i, x] of found.entries()) {
          expect(x).toBeGreaterThanOrEqual(axis.low - room);
          expect(x).toBeLessThanOrEqual(axis.high + room);
          if (i > 0) expect(x).toBeGreaterThan(found[i - 1] as number);
        }
      }),
    );
  });

  test('of an axis hardly wider than the last digits of its numbers, no tick comes twice', () => {
    const found = ticks(axisOver([-999999.9999999999, -999999.999999999], false), 11);
    expect(new Set(found).size).toBe(found.length);
  });

  test('a wide logarithmic axis has ticks, whatever its range', () => {
    fc.assert(
      fc.property(
        fc.double({ min: -20, max: 10, noNaN: true }),
        fc.double({ min: 1.31, max: 25, noNaN: true }),
        fc.integer({ min: 2, max: 9 }),
        (from, decades, most) => {
          const found = ticks({ low: 10 ** from, high: 10 ** (from + decades), log: true }, most);
          expect(found.length).toBeGreaterThanOrEqual(1);
          expect(found.length).toBeLessThanOrEqual(most);
          for (const x of found) expect([1, 2, 3, 5]).toContain(Number(x.toExponential(6).split('e')[0]));
        },
      ),
    );
  });

  test.each([
    [
      [0.25, 0.5, 1],
      ['0.25', '0.50', '1.00'],
    ],
    [
      [0, 500, 1000],
      ['0', '500', '1000'],
    ],
    [
      [0, 5000, 10_000],
      ['0', '5k', '10k'],
    ],
    [
      [0, 2_500_000],
      ['0', '2.5M'],
    ],
    [
      [2e9, 3e9],
      ['2G', '3G'],
    ],
    [
      [1e-4, 2e-4],
      ['1e-4', '2e-4'],
    ],
    [
      [-1, 0, 1],
      ['-1', '0', '1'],
    ],
    [
      [1e13, 2e13],
      ['1e13', '2e13'],
    ],
  ])('%j reads %j', (values, texts) => {
    expect(tickTexts(axisOver(values, false), values)).toEqual(texts);
  });
});

test.each([
  [{ LANG: 'en_US.UTF-8' }, 'linux', true],
  [{ LANG: 'C.utf8' }, 'linux', true],
  [{ LANG: 'en_US.UTF-8', LC_ALL: 'C' }, 'linux', false],
  [{ LANG: 'C', LC_CTYPE: 'de_DE.UTF-8', LC_ALL: '' }, 'linux', true],
  [{}, 'linux', false],
  [{}, 'win32', true],
])('a terminal of %j on %s shows Unicode: %s', (environment, platform, shows) => {
  expect(showsUnicode(environment, platform)).toBe(shows);
});
