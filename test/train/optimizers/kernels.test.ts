import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { loadKernels } from '#dist/train/kernels/kernels.js';
import { noise } from './harness.js';

/** Float32 arithmetic, one rounding an operation: what the kernels do, in vectors or one by one. */
const f = Math.fround;

const kernels = loadKernels(new WebAssembly.Memory({ initial: 1 }));
const memory = new WebAssembly.Memory({ initial: 4 });
const over = loadKernels(memory);
/** Arrays start anywhere, not at multiples of 16 bytes only. */
const at = (which: number, shift: number): number => 1024 + 32768 * which + 4 * ((shift + which) % 4);

const lengths = fc.integer({ min: 0, max: 70 });
const seeds = fc.integer({ min: 0, max: 2 ** 31 - 1 });
const shifts = fc.integer({ min: 0, max: 3 });
const unit = fc.double({ min: 0, max: 1, noNaN: true });

/** Runs a kernel over arrays with one element behind each, and gives them back. */
function run(
  arrays: readonly Float32Array[],
  shift: number,
  call: (...at: number[]) => unknown,
): { result: unknown; after: Float32Array[] } {
  const views = arrays.map((x, i) => new Float32Array(memory.buffer, at(i, shift), x.length + 1));
  views.forEach((view, i) => {
    view.set(arrays[i] as Float32Array);
    view[view.length - 1] = 42;
  });
  const result = call(...views.map((v) => v.byteOffset));
  for (const view of views) expect(view.at(-1)).toBe(42);
  return { result, after: views.map((v) => v.slice(0, -1)) };
}

/** n by n, element by element. */
function each(n: number, step: (i: number) => readonly number[], outputs: number): Float32Array[] {
  const out = Array.from({ length: outputs }, () => new Float32Array(n));
  for (let i = 0; i < n; i++) {
    step(i).forEach((x, k) => {
      (out[k] as Float32Array)[i] = x;
    });
  }
  return out;
}

const read = (x: Float32Array, i: number): number => x[i] as number;

/** Σ x² of what SIMD sums in four lanes and what is left, in the kernels' order. */
function laneSum(rows: readonly Float32Array[]): number {
  const lanes = [0, 0, 0, 0];
  let rest = 0;
  for (const row of rows) {
    const whole = row.length - (row.length % 4);
    row.forEach((x, i) => {
      if (i < whole) lanes[i % 4] = (lanes[i % 4] as number) + x * x;
      else rest += x * x;
    });
  }
  const [a, b, c, d] = lanes as [number, number, number, number];
  return a + c + (b + d) + rest;
}

test('sgd', () => {
  fc.assert(
    fc.property(lengths, seeds, shifts, fc.array(unit, { minLength: 7, maxLength: 7 }), (n, seed, shift, numbers) => {
      const [lr, keep, take, own, look, decay, scale] = numbers as [number, number, number, number, number, number, number];
      const [p, g, b] = [noise(n, seed), noise(n, seed + 1), noise(n, seed + 2)];
      const { after } = run([p, g, b], shift, (p, g, b) => over.sgd(p, g, b, n, lr, keep, take, own, look, decay, scale));
      const want = each(
        n,
        (i) => {
          const d = f(f(read(g, i) * f(scale)) + f(f(decay) * read(p, i)));
          const sum = f(f(f(keep) * read(b, i)) + f(f(take) * d));
          return [f(read(p, i) - f(f(lr) * f(f(f(own) * d) + f(f(look) * sum)))), sum];
        },
        2,
      );
      expect(after).toEqual([want[0], g, want[1]]);
    }),
  );
});

test('lion, and no step where the direction is 0', () => {
  fc.assert(
    fc.property(lengths, seeds, shifts, fc.array(unit, { minLength: 5, maxLength: 5 }), (n, seed, shift, numbers) => {
      const [lr, beta1, beta2, shrink, scale] = numbers as [number, number, number, number, number];
      const zeros = (x: Float32Array): Float32Array => x.map((y, i) => (i % 3 === 0 ? 0 : y));
      const [p, g, m] = [noise(n, seed), zeros(noise(n, seed + 1)), zeros(noise(n, seed + 2))];
      const { after } = run([p, g, m], shift, (p, g, m) => over.lion(p, g, m, n, lr, beta1, beta2, shrink, scale));
      const want = each(
        n,
        (i) => {
          const d = f(read(g, i) * f(scale));
          const c = f(f(f(beta1) * read(m, i)) + f(f(1 - beta1) * d));
          return [
            f(read(p, i) - f(f(read(p, i) * f(shrink)) + f(f(lr) * Math.sign(c)))),
            f(f(f(beta2) * read(m, i)) + f(f(1 - beta2) * d)),
          ];
        },
        2,
      );
      expect(after).toEqual([want[0], g, want[1]]);
    }),
  );
});

test('momentum and descend', () => {
  fc.assert(
    fc.property(lengths, seeds, shifts, fc.array(unit, { minLength: 6, maxLength: 6 }), (n, seed, shift, numbers) => {
      const [keep, take, own, look, shrink, step] = numbers as [number, number, number, number, number, number];
      const [p, u, m] = [noise(n, seed), noise(n, seed + 1), noise(n, seed + 2)];
      const moved = run([m, u], shift, (m, u) => over.momentum(m, u, n, keep, take, own, look)).after;
      const sums = m.map((x, i) => f(f(f(keep) * x) + f(f(take) * read(u, i))));
      expect(moved).toEqual([sums, u.map((x, i) => f(f(f(own) * x) + f(f(look) * read(sums, i))))]);
      const { after } = run([p, u], shift, (p, u) => over.descend(p, u, n, shrink, step));
      expect(after).toEqual([p.map((x, i) => f(x - f(f(x * f(shrink)) + f(f(step) * read(u, i))))), u]);
    }),
  );
});

describe('adafactor', () => {
  const sizes = fc.integer({ min: 1, max: 23 });

  test('a matrix: moments in float64, then its direction and the sum of its squares', () => {
    fc.assert(
      fc.property(sizes, sizes, seeds, shifts, unit, fc.constantFrom(1e-12, 1, 1e8), (rows, columns, seed, shift, beta, size) => {
        const scale = 0.7;
        const g = noise(rows * columns, seed, size);
        const [r, c] = [noise(rows, seed + 1, size * size).map(Math.abs), noise(columns, seed + 2, size * size).map(Math.abs)];
        const room = new Float32Array(2 * columns);
        const scaled = Array.from({ length: rows }, (_, i) => g.subarray(i * columns, (i + 1) * columns).map((x) => f(x * f(scale))));
        const column = (j: number): number => scaled.reduce((sum, row) => sum + read(row, j) ** 2, 0);
        const newR = r.map((x, i) => beta * x + (1 - beta) * (laneSum([scaled[i] as Float32Array]) / columns + 1e-30));
        const newC = c.map((x, j) => beta * x + (1 - beta) * (column(j) / rows + 1e-30));
        const moments = run([g, r, c, room], shift, (g, r, c, room) =>
          over.adafactorMoments(g, rows, columns, r, c, beta, 1e-30, scale, room),
        ).after;
        expect(moments.slice(0, 3)).toEqual([g, newR, newC]);

        const mean = newR.reduce((a, b) => a + b, 0) / rows;
        const direction = g.map((x, k) => {
          const [i, j] = [Math.floor(k / columns), k % columns];
          return f(f(x * f(scale * Math.sqrt(mean / read(newR, i)))) * f(1 / Math.sqrt(read(newC, j))));
        });
        const { result, after } = run([g, newR, newC, room], shift, (g, r, c, room) =>
          over.adafactorDirection(g, rows, columns, r, c, scale, room),
        );
        expect(after.slice(0, 3)).toEqual([direction, newR, newC]);
        expect(result).toBe(laneSum(Array.from({ length: rows }, (_, i) => direction.subarray(i * columns, (i + 1) * columns))));
      }),
    );
  });

  test('a vector, and zeros stay zeros', () => {
    fc.assert(
      fc.property(lengths, seeds, shifts, unit, fc.constantFrom(0, 1e-12, 1, 1e8), (n, seed, shift, beta, size) => {
        const g = noise(n, seed, size);
        const v = noise(n, seed + 1, size * size).map(Math.abs);
        const { result, after } = run([g, v], shift, (g, v) => over.adafactorVector(g, v, n, beta * 0.99, 1e-30, 0.7));
        const b = f(beta * 0.99);
        const c = f(1 - beta * 0.99);
        const want = each(
          n,
          (i) => {
            const d = f(read(g, i) * f(0.7));
            const second = f(f(b * read(v, i)) + f(c * f(f(d * d) + f(1e-30))));
            return [f(d / f(Math.sqrt(second))), second];
          },
          2,
        );
        expect(after).toEqual(want);
        expect(result).toBe(laneSum([want[0] as Float32Array]));
      }),
    );
  });
});

test('a range outside the memory traps', () => {
  expect(() => kernels.descend(65536 - 8, 0, 4, 0, 1)).toThrow(WebAssembly.RuntimeError);
});
