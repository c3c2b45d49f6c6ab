/**
 * Half precision and bfloat16, both storage types: widened when loaded, narrowed when saved.
 *
 * binary16 (IEEE 754-2019): sign 1 bit, exponent e 5 bits, fraction f 10 bits;
 * value (−1)^s · 2^(e−15) · (1 + f/1024), subnormals (e = 0) (−1)^s · 2^(−14) · f/1024, e = 31 infinity or NaN.
 * bfloat16 is the upper half of a float32.
 */

let table: Uint32Array | undefined;

/** The float32 bits of each of the 65,536 halves: one lookup an element; kept as bits, so NaN payloads survive. */
function widened(): Uint32Array {
  if (table === undefined) {
    table = new Uint32Array(65536);
    for (let h = 0; h < 65536; h++) table[h] = widenBits(h);
  }
  return table;
}

function widenBits(h: number): number {
  const sign = (h & 0x8000) << 16;
  const exponent = (h >>> 10) & 31;
  const fraction = h & 1023;
  if (exponent === 31) return sign | 0x7f800000 | (fraction << 13);
  if (exponent > 0) return sign | ((exponent + 112) << 23) | (fraction << 13);
  if (fraction === 0) return sign;
  // A subnormal half is a normal float32: shift the leading bit out and count down the exponent.
  const shift = Math.clz32(fraction) - 21;
  return sign | ((113 - shift) << 23) | (((fraction << shift) & 1023) << 13);
}

/** float16 bits to float32, exactly. @param out room for them */
export function float16ToFloat32(halves: Uint16Array, out: Float32Array = new Float32Array(halves.length)): Float32Array {
  const bits = new Uint32Array(out.buffer, out.byteOffset, halves.length);
  const of = widened();
  for (let i = 0; i < halves.length; i++) bits[i] = of[halves[i] as number] as number;
  return out;
}

const oneBits = new Uint32Array(1);
const oneFloat = new Float32Array(oneBits.buffer);

/** One number of its float16 bits. */
export function float16ToNumber(half: number): number {
  oneBits[0] = widened()[half] as number;
  return oneFloat[0] as number;
}

/** bfloat16 bits to float32, exactly. @param out room for them */
export function bfloat16ToFloat32(halves: Uint16Array, out: Float32Array = new Float32Array(halves.length)): Float32Array {
  const bits = new Uint32Array(out.buffer, out.byteOffset, halves.length);
  for (let i = 0; i < halves.length; i++) bits[i] = (halves[i] as number) << 16;
  return out;
}

/** float32 to float16 bits, to the nearest, ties to even; beyond 65,519.99… to infinity; NaN stays NaN. */
export function float32ToFloat16(values: Float32Array): Uint16Array {
  const bits = new Uint32Array(values.buffer, values.byteOffset, values.length);
  const halves = new Uint16Array(values.length);
  for (let i = 0; i < bits.length; i++) halves[i] = narrowBits(bits[i] as number);
  return halves;
}

function narrowBits(bits: number): number {
  const sign = (bits >>> 16) & 0x8000;
  const magnitude = bits & 0x7fffffff;
  // A NaN keeps its upper payload; the quiet bit keeps a payload of only lower bits from becoming infinity.
  if (magnitude > 0x7f800000) return sign | 0x7e00 | ((magnitude >>> 13) & 1023);
  if (magnitude >= 0x47800000) return sign | 0x7c00; // 65,536 and more
  if (magnitude >= 0x38800000) {
    // 2^−14 and more: add just under half a unit, and the odd bit, then cut; a carry runs into the exponent as it should.
    const rounded = magnitude + 0xfff + ((magnitude >>> 13) & 1);
    return sign | ((rounded - 0x38000000) >>> 13);
  }
  const exponent = magnitude >>> 23;
  if (exponent < 102) return sign; // below 2^−25, half the smallest subnormal
  const fraction = (magnitude & 0x7fffff) | 0x800000;
  const shift = 126 - exponent;
  const cut = fraction >>> shift;
  const rest = fraction & ((1 << shift) - 1);
  const half = 1 << (shift - 1);
  return sign | (cut + (rest > half || (rest === half && (cut & 1) === 1) ? 1 : 0));
}
