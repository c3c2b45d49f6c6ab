import fc from 'fast-check';
import { expect, test } from 'vitest';
import { eigenvalues } from '#dist/lens/algebra/eigenvalues.js';
import { type Matrix, matrix, product, transposed } from '#dist/lens/algebra/matrix.js';
import { singularValuesOfProduct, symmetricEigenvalues } from '#dist/lens/algebra/symmetric.js';

const squares = fc
  .integer({ min: 1, max: 9 })
  .chain((n) => fc.array(fc.double({ min: -2, max: 2, noNaN: true }), { minLength: n * n, maxLength: n * n }))
  .map((values): Matrix => ({ rows: Math.sqrt(values.length), columns: Math.sqrt(values.length), data: Float64Array.from(values) }));

const trace = ({ rows, data }: Matrix): number =>
  Array.from({ length: rows }, (_, i) => data[i * rows + i] as number).reduce((a, b) => a + b, 0);

test('power sums of eigenvalues are traces of powers', () => {
  fc.assert(
    fc.property(squares, (a) => {
      const { real, imaginary } = eigenvalues(a);
      let power: Matrix = a;
      let [re, im] = [Array.from(real), Array.from(imaginary)];
      for (let k = 1; k <= 3; k++) {
        const scale = 2 ** k * a.rows ** k;
        expect(Math.abs(re.reduce((x, y) => x + y, 0) - trace(power)) / scale).toBeLessThan(1e-9);
        expect(Math.abs(im.reduce((x, y) => x + y, 0)) / scale).toBeLessThan(1e-9);
        power = product(power, a);
        [re, im] = [
          re.map((x, i) => x * (real[i] as number) - (im[i] as number) * (imaginary[i] as number)),
          im.map((x, i) => x * (real[i] as number) + (re[i] as number) * (imaginary[i] as number)),
        ];
      }
    }),
  );
});

test('the roots of a polynomial, real and complex', () => {
  // (x − 3)(x + 1)(x² − 2x + 5): 3, −1, 1 ± 2i, by its companion matrix.
  const [c3, c2, c1, c0] = [-4, 6, -4, -15];
  const rows = [[0, 0, 0, -c0], [1, 0, 0, -c1], [0, 1, 0, -c2], [0, 0, 1, -c3]]; // biome-ignore format: a matrix
  const { real, imaginary } = eigenvalues(matrix(4, 4, (i, j) => rows[i]?.[j] as number));
  const found = Array.from(real, (x, i) => [x, imaginary[i] as number]).sort(([a = 0, b = 0], [c = 0, d = 0]) => a - c || b - d);
  const wanted = [[-1, 0], [1, -2], [1, 2], [3, 0]]; // biome-ignore format: pairs
  found.forEach((pair, i) => {
    pair.forEach((x, j) => {
      expect(x).toBeCloseTo(wanted[i]?.[j] as number, 10);
    });
  });
});

test('eigenvalues of a symmetric matrix are the same both ways; singular values of a product are those of the product formed', () => {
  fc.assert(
    fc.property(squares, squares, (a, b) => {
      const gram = product(transposed(a), a);
      const one = symmetricEigenvalues(gram);
      const two = Float64Array.from(eigenvalues(gram).real).sort((x, y) => y - x);
      one.forEach((x, i) => {
        expect(Math.abs(x - (two[i] as number))).toBeLessThan(1e-6 * (1 + (one[0] as number)));
      });
      if (a.columns !== b.rows) return;
      const formed = product(a, b);
      const direct = symmetricEigenvalues(product(transposed(formed), formed)).map((x) => Math.sqrt(Math.max(0, x)));
      singularValuesOfProduct(a, b).forEach((x, i) => {
        expect(Math.abs(x - (direct[i] as number))).toBeLessThan(1e-6 * (1 + (direct[0] as number)));
      });
    }),
  );
});

test('what is not finite is refused', () => {
  const bad = matrix(2, 2, () => Number.NaN);
  expect(() => eigenvalues(bad)).toThrow(/a finite matrix/);
  expect(() => symmetricEigenvalues(bad)).toThrow(/a finite matrix/);
});
