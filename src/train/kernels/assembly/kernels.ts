// SIMD kernels over a memory the host owns. AssemblyScript: compiled to WebAssembly by tools/build.mjs, not by tsc.
//
// Pointers are byte offsets, lengths count elements. Pointers aligned to 16 bytes are fastest; any length is right:
// what is left after the last full vector goes through a scalar loop of the same formula, so that the bits of an
// element do not depend on where it stands.

/**
 * AdamW (Loshchilov and Hutter 2019, algorithm 2) with the constant factors worked out by the host:
 * m = β₁m + (1-β₁)gs; v = β₂v + (1-β₂)(gs)²; p = p·decay - step·m / (√v·rc2 + eps).
 *
 * The factors come as float64 because 1-β₂ of a β₂ already rounded to float32 would be wrong in its fifth digit. For
 * the same reason p·decay is worked out as p - (1-decay)p: rounded to float32, the 10⁻⁶ of a decay of 1 - 10⁻⁶ is 1% wrong.
 *
 * @param decay 1 - learning rate · weight decay
 * @param step learning rate / (1-β₁ᵗ)
 * @param rc2 1 / √(1-β₂ᵗ)
 * @param gradScale s, what each gradient is multiplied with first (clipping, averaging)
 */
export function adamw(
  p: usize,
  g: usize,
  m: usize,
  v: usize,
  n: u32,
  beta1: f64,
  beta2: f64,
  decay: f64,
  step: f64,
  rc2: f64,
  eps: f64,
  gradScale: f64,
): void {
  const b1 = <f32>beta1;
  const b2 = <f32>beta2;
  const c1 = <f32>(1.0 - beta1);
  const c2 = <f32>(1.0 - beta2);
  const d = <f32>(1.0 - decay);
  const a = <f32>step;
  const r = <f32>rc2;
  const e = <f32>eps;
  const s = <f32>gradScale;
  const b1s = f32x4.splat(b1);
  const b2s = f32x4.splat(b2);
  const c1s = f32x4.splat(c1);
  const c2s = f32x4.splat(c2);
  const ds = f32x4.splat(d);
  const as = f32x4.splat(a);
  const rs = f32x4.splat(r);
  const es = f32x4.splat(e);
  const ss = f32x4.splat(s);
  const bytes: usize = (<usize>n) << 2;
  const whole: usize = bytes & ~15;
  let i: usize = 0;
  for (; i < whole; i += 16) {
    const gv = f32x4.mul(v128.load(g + i), ss);
    const mv = f32x4.add(f32x4.mul(b1s, v128.load(m + i)), f32x4.mul(c1s, gv));
    const vv = f32x4.add(f32x4.mul(b2s, v128.load(v + i)), f32x4.mul(c2s, f32x4.mul(gv, gv)));
    const denominator = f32x4.add(f32x4.mul(f32x4.sqrt(vv), rs), es);
    v128.store(m + i, mv);
    v128.store(v + i, vv);
    const pv = v128.load(p + i);
    v128.store(p + i, f32x4.sub(pv, f32x4.add(f32x4.mul(pv, ds), f32x4.div(f32x4.mul(as, mv), denominator))));
  }
  for (; i < bytes; i += 4) {
    const gv: f32 = load<f32>(g + i) * s;
    const mv: f32 = b1 * load<f32>(m + i) + c1 * gv;
    const vv: f32 = b2 * load<f32>(v + i) + c2 * (gv * gv);
    store<f32>(m + i, mv);
    store<f32>(v + i, vv);
    const pv: f32 = load<f32>(p + i);
    store<f32>(p + i, pv - (pv * d + (a * mv) / (sqrt<f32>(vv) * r + e)));
  }
}

/** Σ g², every product and sum in float64, in a fixed order: the same bits on every machine. */
export function sumOfSquares(g: usize, n: u32): f64 {
  const bytes: usize = (<usize>n) << 2;
  const whole: usize = bytes & ~15;
  let low = f64x2.splat(0);
  let high = f64x2.splat(0);
  let i: usize = 0;
  for (; i < whole; i += 16) {
    const x = v128.load(g + i);
    const x01 = f64x2.promote_low_f32x4(x);
    const x23 = f64x2.promote_low_f32x4(v128.shuffle<i32>(x, x, 2, 3, 2, 3));
    low = f64x2.add(low, f64x2.mul(x01, x01));
    high = f64x2.add(high, f64x2.mul(x23, x23));
  }
  const both = f64x2.add(low, high);
  let sum = f64x2.extract_lane(both, 0) + f64x2.extract_lane(both, 1);
  for (; i < bytes; i += 4) {
    const x = <f64>load<f32>(g + i);
    sum += x * x;
  }
  return sum;
}

/** dst += src. */
export function accumulate(dst: usize, src: usize, n: u32): void {
  const bytes: usize = (<usize>n) << 2;
  const whole: usize = bytes & ~15;
  let i: usize = 0;
  for (; i < whole; i += 16) v128.store(dst + i, f32x4.add(v128.load(dst + i), v128.load(src + i)));
  for (; i < bytes; i += 4) store<f32>(dst + i, load<f32>(dst + i) + load<f32>(src + i));
}

/** dst = value, everywhere. */
export function fill(dst: usize, n: u32, value: f32): void {
  const bytes: usize = (<usize>n) << 2;
  const whole: usize = bytes & ~15;
  const values = f32x4.splat(value);
  let i: usize = 0;
  for (; i < whole; i += 16) v128.store(dst + i, values);
  for (; i < bytes; i += 4) store<f32>(dst + i, value);
}

/** 1 if any element is NaN or infinite (all bits of its exponent set), else 0. */
export function hasNonFinite(p: usize, n: u32): i32 {
  const bytes: usize = (<usize>n) << 2;
  const whole: usize = bytes & ~15;
  const exponent = i32x4.splat(0x7f800000);
  let i: usize = 0;
  for (; i < whole; i += 16) {
    if (v128.any_true(i32x4.eq(v128.and(v128.load(p + i), exponent), exponent))) return 1;
  }
  for (; i < bytes; i += 4) {
    if ((load<i32>(p + i) & 0x7f800000) === 0x7f800000) return 1;
  }
  return 0;
}

/**
 * A dropout mask: n float32, element j is `scale` where the random bits at firstIndex + j of the stream (k0, k1), as
 * core/random.ts defines them, reach the threshold, else 0. A drop rate r has the threshold r·2³² and the scale 1/(1-r).
 */
export function randomMask(dst: usize, n: u32, k0: i32, k1: i32, firstIndex: i32, threshold: u32, scale: f32): void {
  const bytes: usize = (<usize>n) << 2;
  const whole: usize = bytes & ~15;
  const k1s = i32x4.splat(k1);
  const limit = i32x4.splat(threshold);
  const four = i32x4.splat(4);
  const scales = f32x4.splat(scale);
  let index = i32x4.add(i32x4.splat(firstIndex + k0), i32x4(0, 1, 2, 3));
  let i: usize = 0;
  for (; i < whole; i += 16) {
    v128.store(dst + i, v128.and(i32x4.ge_u(mix4(v128.xor(mix4(index), k1s)), limit), scales));
    index = i32x4.add(index, four);
  }
  for (; i < bytes; i += 4) {
    const bits = mix(mix(firstIndex + k0 + <i32>(i >> 2)) ^ k1);
    store<f32>(dst + i, <u32>bits >= threshold ? scale : 0);
  }
}

/** core/random.ts's `mix`, four at a time. */
function mix4(x: v128): v128 {
  let h = v128.xor(x, i32x4.shr_u(x, 16));
  h = i32x4.mul(h, i32x4.splat(0x7feb352d));
  h = v128.xor(h, i32x4.shr_u(h, 15));
  h = i32x4.mul(h, i32x4.splat(0x846ca68b));
  return v128.xor(h, i32x4.shr_u(h, 16));
}

/** core/random.ts's `mix`. */
function mix(x: i32): i32 {
  let h: u32 = <u32>x;
  h ^= h >>> 16;
  h *= 0x7feb352d;
  h ^= h >>> 15;
  h *= 0x846ca68b;
  h ^= h >>> 16;
  return <i32>h;
}
