import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { randomBits } from '#dist/core/random.js';
import { type Kernels, loadKernels, loadKernelsAsync } from '#dist/train/kernels/kernels.js';

/** Four arrays far enough apart for the lengths below, none at the memory's start. */
const memory = new WebAssembly.Memory({ initial: 4, maximum: 65536 });
const kernels = loadKernels(memory);
const [pAt, gAt, mAt, vAt] = [16, 65536, 131072, 196608];

const seed = fc.integer({ min: 0, max: 2 ** 31 - 1 });
const uint32 = fc.integer({ min: 0, max: 2 ** 32 - 1 });
const lengths = fc.integer({ min: 0, max: 70 });

function floats(at: number, n: number): Float32Array {
  return new Float32Array(memory.buffer, at, n);
}

/** n values of the size of gradients, both signs, by the counter-based hash. */
function noise(n: number, stream: number, scale = 1): Float32Array {
  return Float32Array.from({ length: n }, (_, i) => scale * (randomBits({ k0: stream, k1: 77 }, i) / 2 ** 31 - 1));
}

interface Settings {
  readonly lr: number;
  readonly beta1: number;
  readonly beta2: number;
  readonly eps: number;
  readonly weightDecay: number;
  readonly gradScale: number;
}

function kernelStep(using: Kernels, n: number, t: number, s: Settings): void {
  const step = s.lr / (1 - s.beta1 ** t);
  const rc2 = 1 / Math.sqrt(1 - s.beta2 ** t);
  using.adamw(pAt, gAt, mAt, vAt, n, s.beta1, s.beta2, 1 - s.lr * s.weightDecay, step, rc2, s.eps, s.gradScale);
}

/** AdamW as its paper writes it (algorithm 2), in float64: bias-corrected moments by name, decay apart from the gradient. */
function textbookStep(p: Float64Array, g: Float32Array, m: Float64Array, v: Float64Array, t: number, s: Settings): void {
  for (let i = 0; i < p.length; i++) {
    const gradient = (g[i] as number) * s.gradScale;
    m[i] = s.beta1 * (m[i] as number) + (1 - s.beta1) * gradient;
    v[i] = s.beta2 * (v[i] as number) + (1 - s.beta2) * gradient ** 2;
    const mHat = (m[i] as number) / (1 - s.beta1 ** t);
    const vHat = (v[i] as number) / (1 - s.beta2 ** t);
    p[i] = (p[i] as number) - s.lr * (mHat / (Math.sqrt(vHat) + s.eps) + s.weightDecay * (p[i] as number));
  }
}

describe('adamw', () => {
  test.each([
    { lr: 1e-3, beta1: 0.9, beta2: 0.999, eps: 1e-8, weightDecay: 0.1, gradScale: 1 },
    { lr: 1e-3, beta1: 0.9, beta2: 0.95, eps: 1e-8, weightDecay: 0, gradScale: 0.25 },
    { lr: 3e-4, beta1: 0, beta2: 0.99, eps: 1e-3, weightDecay: 0.01, gradScale: 4 },
  ])('100 steps equal the textbook in float64: %o', (settings) => {
    const n = 131; // 32 vectors and 3 left over
    const p = Float64Array.from(noise(n, 1));
    const m = new Float64Array(n);
    const v = new Float64Array(n);
    floats(pAt, n).set(p);
    floats(mAt, n).fill(0);
    floats(vAt, n).fill(0);
    for (let t = 1; t <= 100; t++) {
      const g = noise(n, 1000 + t, 0.1);
      floats(gAt, n).set(g);
      kernelStep(kernels, n, t, settings);
      textbookStep(p, g, m, v, t, settings);
    }
    const worst = (got: Float32Array, want: Float64Array) => Math.max(...want.map((x, i) => Math.abs(x - (got[i] as number))));
    expect(worst(floats(pAt, n), p)).toBeLessThan(1e-6);
    expect(worst(floats(mAt, n), m)).toBeLessThan(1e-6);
    expect(worst(floats(vAt, n), v)).toBeLessThan(1e-6);
  });

  test('the bits of an element do not depend on where it stands, and nothing beyond n is touched', () => {
    const settings = { lr: 1e-2, beta1: 0.9, beta2: 0.999, eps: 1e-8, weightDecay: 0.1, gradScale: 0.7 };
    fc.assert(
      fc.property(lengths, seed, (n, stream) => {
        const all = n + 4;
        for (const [k, at] of [pAt, gAt, mAt, vAt].entries()) floats(at, all).set(noise(all, stream + k));
        floats(vAt, all).set(noise(all, stream).map(Math.abs));
        const [p, g, m, v] = [pAt, gAt, mAt, vAt].map((at) => floats(at, all).slice()) as [
          Float32Array,
          Float32Array,
          Float32Array,
          Float32Array,
        ];
        kernelStep(kernels, n, 3, settings);
        const together = [pAt, mAt, vAt].map((at) => floats(at, all).slice());
        // One by one, each at the front.
        const alone = [p.slice(), m.slice(), v.slice()];
        for (let i = 0; i < n; i++) {
          for (const [at, from] of [
            [pAt, p],
            [gAt, g],
            [mAt, m],
            [vAt, v],
          ] as const)
            floats(at, 1).set(from.subarray(i, i + 1));
          kernelStep(kernels, 1, 3, settings);
          for (const [k, at] of [pAt, mAt, vAt].entries()) (alone[k] as Float32Array)[i] = floats(at, 1)[0] as number;
        }
        expect(together).toEqual(alone);
      }),
      { numRuns: 30 },
    );
  });
});

test('sumOfSquares is the float64 sum, without float32 overflow', () => {
  fc.assert(
    fc.property(lengths, seed, fc.constantFrom(1e-20, 1, 1e25), (n, stream, scale) => {
      const g = noise(n, stream, scale);
      floats(gAt, n + 1).fill(9e9);
      floats(gAt, n).set(g);
      const want = g.reduce((sum, x) => sum + x * x, 0);
      const got = kernels.sumOfSquares(gAt, n);
      expect(Math.abs(got - want)).toBeLessThanOrEqual(1e-14 * want);
      expect(kernels.sumOfSquares(gAt, n)).toBe(got);
    }),
  );
});

test('sumOfSquaredDifferences takes differences in float64: nothing cancels that float32 would round away', () => {
  fc.assert(
    fc.property(lengths, seed, fc.constantFrom(1e-20, 1, 1e25), (n, stream, scale) => {
      const a = noise(n, stream, scale);
      const b = noise(n, stream + 1, scale * 2 ** -20);
      for (const [at, values] of [[pAt, a] as const, [gAt, b] as const]) {
        floats(at, n + 1).fill(9e9);
        floats(at, n).set(values);
      }
      floats(gAt, n + 1)[n] = -9e9;
      const want = a.reduce((sum, x, i) => sum + (x - (b[i] as number)) ** 2, 0);
      expect(Math.abs(kernels.sumOfSquaredDifferences(pAt, gAt, n) - want)).toBeLessThanOrEqual(1e-14 * want);
    }),
  );
});

test('interpolate and scale round each product and sum once, wherever they start, up to n', () => {
  const f = Math.fround;
  fc.assert(
    fc.property(lengths, seed, fc.integer({ min: 0, max: 3 }), fc.double({ min: 0, max: 1, noNaN: true }), (n, stream, shift, factor) => {
      const [dst, src] = [noise(n + 1, stream), noise(n + 1, stream + 1)];
      const [to, from] = [pAt + 4 * shift, gAt];
      floats(to, n + 1).set(dst);
      floats(from, n + 1).set(src);
      kernels.interpolate(to, from, n, factor);
      const w = f(factor);
      expect(floats(to, n + 1)).toEqual(dst.map((x, i) => (i < n ? f(x + f(w * f((src[i] as number) - x))) : x)));
      expect(floats(from, n + 1)).toEqual(src);
      kernels.scale(from, n, factor);
      expect(floats(from, n + 1)).toEqual(src.map((x, i) => (i < n ? f(x * w) : x)));
    }),
  );
});

test('copy moves n values and no more, onto itself too', () => {
  fc.assert(
    fc.property(lengths, seed, fc.integer({ min: 0, max: 70 }), (n, stream, shift) => {
      const src = noise(n + 71, stream);
      floats(pAt, n + 71).set(src);
      kernels.copy(pAt + 4 * shift, pAt, n);
      expect(floats(pAt, n + 71)).toEqual(src.map((x, i) => (i >= shift && i < shift + n ? (src[i - shift] as number) : x)));
    }),
  );
});

test('accumulate adds in float32, up to n', () => {
  fc.assert(
    fc.property(lengths, seed, (n, stream) => {
      const dst = noise(n + 1, stream);
      const src = noise(n + 1, stream + 1);
      floats(pAt, n + 1).set(dst);
      floats(gAt, n + 1).set(src);
      kernels.accumulate(pAt, gAt, n);
      expect(floats(pAt, n + 1)).toEqual(dst.map((x, i) => (i < n ? x + (src[i] as number) : x)));
      expect(floats(gAt, n + 1)).toEqual(src);
    }),
  );
});

test('fill writes n values and no more', () => {
  fc.assert(
    fc.property(lengths, fc.float({ noNaN: true }), (n, value) => {
      floats(pAt, n + 1).fill(42);
      kernels.fill(pAt, n, value);
      expect(floats(pAt, n + 1)).toEqual(Float32Array.from({ length: n + 1 }, (_, i) => (i < n ? value : 42)));
    }),
  );
});

test('hasNonFinite finds one bad element anywhere, and only within n', () => {
  const finite = fc.constantFrom(0, -0, 1, -3.4028234663852886e38, 3.4028234663852886e38, 1.401298464324817e-45);
  fc.assert(
    fc.property(
      lengths,
      fc.nat(),
      finite,
      fc.constantFrom(Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY),
      (n, at, x, bad) => {
        floats(pAt, n + 1).fill(x);
        floats(pAt, n + 1)[n] = bad;
        expect(kernels.hasNonFinite(pAt, n)).toBe(0);
        floats(pAt, n + 1)[at % (n + 1)] = bad;
        expect(kernels.hasNonFinite(pAt, n + 1)).toBe(1);
      },
    ),
  );
});

test('randomMask draws the bits of core/random, at every length, key and index', () => {
  fc.assert(
    fc.property(uint32, uint32, uint32, lengths, uint32, (k0, k1, first, n, threshold) => {
      const mask = floats(pAt, n + 1).fill(7);
      kernels.randomMask(pAt, n, k0, k1, first, threshold, 1.25);
      const want = Float32Array.from({ length: n + 1 }, (_, j) =>
        j < n ? Number(randomBits({ k0, k1 }, first + j) >= threshold) * 1.25 : 7,
      );
      expect(mask).toEqual(want);
    }),
    { numRuns: 500 },
  );
});

test('randomMask is exact at the threshold: the bits themselves keep, one more drops', () => {
  fc.assert(
    fc.property(uint32, uint32, fc.integer({ min: 0, max: 40 }), (k0, k1, j) => {
      const bits = randomBits({ k0, k1 }, j);
      const mask = floats(pAt, 48);
      kernels.randomMask(pAt, 48, k0, k1, 0, bits, 1);
      expect(mask[j]).toBe(1);
      fc.pre(bits < 2 ** 32 - 1);
      kernels.randomMask(pAt, 48, k0, k1, 0, bits + 1, 1);
      expect(mask[j]).toBe(0);
    }),
  );
});

describe('loading', () => {
  test('any memory will do: with or without a maximum, and past 2 GiB', async () => {
    const unlimited = new WebAssembly.Memory({ initial: 1 });
    (await loadKernelsAsync(unlimited)).fill(0, 4, 2.5);
    expect([...new Float32Array(unlimited.buffer, 0, 5)]).toEqual([2.5, 2.5, 2.5, 2.5, 0]);
    const largest = new WebAssembly.Memory({ initial: 40000, maximum: 65536 });
    const end = largest.buffer.byteLength;
    loadKernels(largest).fill(end - 20, 5, 1);
    expect([...new Float32Array(largest.buffer, end - 24, 6)]).toEqual([0, 1, 1, 1, 1, 1]);
  });

  test('kernels follow a memory that grows, and trap outside it', () => {
    const growing = new WebAssembly.Memory({ initial: 1, maximum: 2 });
    const { fill } = loadKernels(growing);
    expect(() => fill(65536, 4, 1)).toThrow(WebAssembly.RuntimeError);
    growing.grow(1);
    fill(65536, 4, 1);
    expect(new Float32Array(growing.buffer, 65536, 1)[0]).toBe(1);
  });

  test('what is not a memory is refused in one clear line', async () => {
    const wrong = {} as WebAssembly.Memory;
    const line = /^loadKernels: WebAssembly with SIMD and an unshared WebAssembly\.Memory; got .+\. Use Node 20/;
    expect(() => loadKernels(wrong)).toThrow(line);
    await expect(loadKernelsAsync(wrong)).rejects.toThrow(line);
  });
});
