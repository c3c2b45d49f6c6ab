import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bfloat16ToFloat32, float16ToFloat32, float32ToFloat16 } from '#dist/checkpoints/index.js';

/** The definition of binary16, in float64 arithmetic. */
function halfValue(h: number): number {
  const sign = h >> 15 === 1 ? -1 : 1;
  const exponent = (h >> 10) & 31;
  const fraction = h & 1023;
  if (exponent === 31) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return exponent === 0 ? sign * 2 ** -14 * (fraction / 1024) : sign * 2 ** (exponent - 15) * (1 + fraction / 1024);
}

const all = Uint16Array.from({ length: 65536 }, (_, h) => h);
/** The finite halves from 0 upwards: bit patterns in order are values in order. */
const finite = Array.from({ length: 0x7c00 }, (_, h) => halfValue(h));

/** The nearest half by search: ties to the even pattern; 65,520, halfway to what would come next, and beyond are infinite. */
function nearestHalf(x: number): number {
  const magnitude = Math.abs(x);
  const sign = x < 0 || Object.is(x, -0) ? 0x8000 : 0;
  if (magnitude >= 65520) return sign | 0x7c00;
  let low = 0;
  let high = finite.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((finite[middle] as number) <= magnitude) low = middle;
    else high = middle - 1;
  }
  const below = magnitude - (finite[low] as number);
  const above = (finite[low + 1] ?? 65536) - magnitude;
  const up = above < below || (above === below && low % 2 === 1);
  return sign | (up ? low + 1 : low);
}

describe('float16', () => {
  it('widens each of the 65,536 halves to its value', () => {
    const wide = float16ToFloat32(all);
    all.forEach((h) => {
      if (!Object.is(wide[h], halfValue(h))) expect.fail(`${h.toString(16)}: ${wide[h]} instead of ${halfValue(h)}`);
    });
  });

  it('narrows each of them back to itself, NaNs to NaNs', () => {
    const back = float32ToFloat16(float16ToFloat32(all));
    all.forEach((h) => {
      const same = Number.isNaN(halfValue(h)) ? Number.isNaN(halfValue(back[h] as number)) : back[h] === h;
      if (!same) expect.fail(`${h.toString(16)} came back as ${back[h]?.toString(16)}`);
    });
  });

  it('narrows to the nearest, ties to even', () => {
    const check = (x: number): void => {
      const [got] = float32ToFloat16(Float32Array.of(x));
      if (got !== nearestHalf(Math.fround(x))) expect.fail(`${x}: ${got} instead of ${nearestHalf(Math.fround(x))}`);
    };
    // Every midpoint of two halves, and its neighbours in float32.
    const bits = new Uint32Array(1);
    const float = new Float32Array(bits.buffer);
    for (let h = 0; h < finite.length; h++) {
      float[0] = ((finite[h] as number) + (finite[h + 1] ?? 65536)) / 2;
      const middle = bits[0] as number;
      for (const b of [middle - 1, middle, middle + 1]) {
        bits[0] = b;
        check(float[0] as number);
        check(-(float[0] as number));
      }
    }
    fc.assert(fc.property(fc.float({ noNaN: true }), check), { numRuns: 2000 });
    for (const x of [0, -0, Infinity, -Infinity, 65504, 65519, 65520, 65536, 1e-45, 3e38]) check(x);
  });

  it('narrows every NaN to a NaN', () => {
    const nans = new Float32Array(Uint32Array.of(0x7f800001, 0xff800001, 0x7fc00000, 0x7fffffff).buffer);
    for (const h of float32ToFloat16(nans)) expect(halfValue(h)).toBeNaN();
  });

  it('reads a view that begins within its buffer', () => {
    expect([...float32ToFloat16(new Float32Array([9, 1, 2]).subarray(1))]).toEqual([0x3c00, 0x4000]);
    expect([...float16ToFloat32(Uint16Array.of(0, 0x3c00, 0x4000).subarray(1))]).toEqual([1, 2]);
  });
});

describe('bfloat16', () => {
  it('is the upper half of a float32', () => {
    fc.assert(
      fc.property(fc.float({ noNaN: true }), (x) => {
        const view = new DataView(new ArrayBuffer(4));
        view.setFloat32(0, x);
        const upper = view.getUint16(0);
        view.setUint16(2, 0);
        expect(bfloat16ToFloat32(Uint16Array.of(upper))[0]).toBe(view.getFloat32(0));
      }),
    );
    expect(bfloat16ToFloat32(Uint16Array.of(0x7fc0))[0]).toBeNaN();
  });
});
