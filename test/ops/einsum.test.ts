import fc from 'fast-check';
import { expect, test } from 'vitest';
import { gradients } from '#dist/grad/index.js';
import { einsum, evaluate, input, type RefArray, type Tensor } from '#dist/ops/index.js';
import { differs } from './engine-check.js';

const sizeOfLetter: Readonly<Record<string, number>> = { a: 2, b: 3, c: 1, d: 4, e: 2 };
const letters = Object.keys(sizeOfLetter);

/** Some letters, in any order. */
const term = fc.shuffledSubarray(letters, { minLength: 0, maxLength: 4 });

/** An equation of one to three operands whose result takes any of their letters. */
const equations = fc
  .array(term, { minLength: 1, maxLength: 3 })
  .chain((operands) => fc.tuple(fc.constant(operands), fc.shuffledSubarray([...new Set(operands.flat())])));

function filled(shape: readonly number[], seed: number): RefArray {
  const size = shape.reduce((a, b) => a * b, 1);
  return { shape, data: Float64Array.from({ length: size }, (_, i) => Math.sin(seed * 37 + i * 1.7)) };
}

/** The sum over all letters, by its definition. */
function naive(operands: readonly (readonly string[])[], output: readonly string[], values: readonly RefArray[]): RefArray {
  const all = [...new Set([...output, ...operands.flat()])];
  const at = (labels: readonly string[], index: ReadonlyMap<string, number>): number =>
    labels.reduce((flat, label) => flat * (sizeOfLetter[label] as number) + (index.get(label) as number), 0);
  const result = filled(
    output.map((label) => sizeOfLetter[label] as number),
    0,
  ).data.fill(0);
  const loop = (depth: number, index: Map<string, number>): void => {
    const label = all[depth];
    if (label === undefined) {
      const product = operands.reduce((p, labels, k) => p * (values[k]?.data[at(labels, index)] as number), 1);
      const flat = at(output, index);
      result[flat] = (result[flat] as number) + product;
      return;
    }
    for (let i = 0; i < (sizeOfLetter[label] as number); i++) loop(depth + 1, index.set(label, i));
  };
  loop(0, new Map());
  return { shape: output.map((label) => sizeOfLetter[label] as number), data: result };
}

test('einsum is the sum over its letters', () => {
  fc.assert(
    fc.property(equations, ([operands, output]) => {
      const values = operands.map((labels, k) =>
        filled(
          labels.map((l) => sizeOfLetter[l] as number),
          k + 1,
        ),
      );
      const xs = values.map((v, k) => input(`x${k}`, v.shape, 'float64'));
      const equation = `${operands.map((o) => o.join('')).join(',')}->${output.join('')}`;
      fc.pre(!equation.startsWith('->'));
      const y = einsum(equation, ...xs);
      const expected = naive(operands, output, values);
      const found = evaluate([y], new Map(xs.map((x, k) => [x, values[k] as RefArray])))[0] as RefArray;
      expect(found.shape).toEqual(expected.shape);
      const largest = Math.max(1e-3, ...expected.data.map(Math.abs));
      expect(Math.max(0, ...expected.data.map((v, i) => Math.abs(v - (found.data[i] as number)))) / largest).toBeLessThan(1e-9);
    }),
    { numRuns: 150 },
  );
});

test('... broadcasts, as axes without letters do elsewhere', () => {
  const [a, b] = [filled([2, 1, 3, 4], 1), filled([5, 4, 3], 2)];
  const [x, y] = [input('x', a.shape, 'float64'), input('y', b.shape, 'float64')];
  const feeds = new Map([
    [x, a],
    [y, b],
  ]);
  const [found, expected] = evaluate([einsum('...ij,...jk->...ik', x, y), x.matmul(y)], feeds) as [RefArray, RefArray];
  expect(found.shape).toEqual([2, 5, 3, 3]);
  expect(differs(found.data, expected.data, 1e-12, 'einsum')).toEqual([]);
});

test('attention scores are one matrix product; its gradient is einsum too', () => {
  const [q, k] = [input('q', [2, 3, 2, 4], 'float64'), input('k', [2, 5, 2, 4], 'float64')];
  const g = input('g', [2, 2, 3, 5], 'float64');
  const scores = einsum('bthd,bshd->bhts', q, k);
  const feeds = new Map<Tensor, RefArray>([q, k, g].map((t, i) => [t, filled(t.shape as number[], i + 1)]));
  const [dq, dk] = gradients(scores, [q, k], g) as [Tensor, Tensor];
  const values = evaluate([dq, einsum('bhts,bshd->bthd', g, k), dk, einsum('bhts,bthd->bshd', g, q)], feeds) as RefArray[];
  expect(differs(values[0]?.data ?? [], values[1]?.data ?? [], 1e-12, 'dq')).toEqual([]);
  expect(differs(values[2]?.data ?? [], values[3]?.data ?? [], 1e-12, 'dk')).toEqual([]);
});

const misuse: readonly (readonly [string, string, readonly (readonly number[])[], RegExp])[] = [
  [
    'no arrow',
    'ij,jk',
    [
      [2, 3],
      [3, 4],
    ],
    /an equation 'letters,letters->letters'; got 'ij,jk' for \[2,3\] float32, \[3,4\] float32\. Write the result's axes after ->\./,
  ],
  [
    'sizes that differ',
    'ij,jk->ik',
    [
      [2, 3],
      [4, 5],
    ],
    /the axis j has one size, not 3 and 4; got/,
  ],
  ['a letter of the result that no operand has', 'ij->ik', [[2, 3]], /the axis k of the result stands in an operand/],
  ['a diagonal', 'ii->i', [[2, 2]], /the axis i stands once in each operand.*Diagonals are not taken\./],
  ['a rank that does not fit', 'ij->i', [[2, 3, 4]], /operand 0 has as many axes as 'ij' has letters.*Let \.\.\. stand for further axes\./],
  ['too few operands', 'ij,jk->ik', [[2, 3]], /an operand for each of the 2 terms/],
  ['a repeated letter in the result', 'ij->ii', [[2, 3]], /the axis i stands once in the result/],
  ['no ... in the result', '...i->i', [[2, 3]], /the result keeps the axes of '\.\.\.'/],
  ['a sign that is no letter', 'i1->i', [[2, 3]], /letters, and at most one \.\.\., are expected in 'i1'/],
];
test.each(misuse)('einsum refuses %s', (_, equation, shapes, message) => {
  expect(() => einsum(equation, ...shapes.map((shape, i) => input(`x${i}`, shape)))).toThrow(message);
});
