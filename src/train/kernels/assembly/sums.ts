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

/** Σ (a - b)², as `sumOfSquares` sums; the differences are taken in float64. */
export function sumOfSquaredDifferences(a: usize, b: usize, n: u32): f64 {
  const bytes: usize = (<usize>n) << 2;
  const whole: usize = bytes & ~15;
  let low = f64x2.splat(0);
  let high = f64x2.splat(0);
  let i: usize = 0;
  for (; i < whole; i += 16) {
    const x = v128.load(a + i);
    const y = v128.load(b + i);
    const d01 = f64x2.sub(f64x2.promote_low_f32x4(x), f64x2.promote_low_f32x4(y));
    const x23 = f64x2.promote_low_f32x4(v128.shuffle<i32>(x, x, 2, 3, 2, 3));
    const d23 = f64x2.sub(x23, f64x2.promote_low_f32x4(v128.shuffle<i32>(y, y, 2, 3, 2, 3)));
    low = f64x2.add(low, f64x2.mul(d01, d01));
    high = f64x2.add(high, f64x2.mul(d23, d23));
  }
  const both = f64x2.add(low, high);
  let sum = f64x2.extract_lane(both, 0) + f64x2.extract_lane(both, 1);
  for (; i < bytes; i += 4) {
    const d = <f64>load<f32>(a + i) - <f64>load<f32>(b + i);
    sum += d * d;
  }
  return sum;
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
