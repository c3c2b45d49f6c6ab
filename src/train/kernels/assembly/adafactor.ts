/**
 * Adafactor's factored second moment of a matrix (Shazeer and Stern 2018, algorithm 4), as means instead of sums:
 * R = βR + (1-β)(mean over columns of (gs)² + ε); C = βC + (1-β)(mean over rows of (gs)² + ε).
 * Squares, sums and averages are float64; R and C are stored as float32.
 *
 * @param g [rows,columns] @param r R, [rows] @param c C, [columns]
 * @param sums room for `columns` float64
 */
export function adafactorMoments(
  g: usize,
  rows: u32,
  columns: u32,
  r: usize,
  c: usize,
  beta: f64,
  eps: f64,
  gradScale: f64,
  sums: usize,
): void {
  const s = <f32>gradScale;
  const ss = f32x4.splat(s);
  const bytes: usize = (<usize>columns) << 2;
  const whole: usize = bytes & ~15;
  memory.fill(sums, 0, bytes << 1);
  for (let row: u32 = 0; row < rows; row++) {
    const from = g + <usize>row * bytes;
    let low = f64x2.splat(0);
    let high = f64x2.splat(0);
    let i: usize = 0;
    for (; i < whole; i += 16) {
      const x = f32x4.mul(v128.load(from + i), ss);
      const x01 = f64x2.promote_low_f32x4(x);
      const x23 = f64x2.promote_low_f32x4(v128.shuffle<i32>(x, x, 2, 3, 2, 3));
      const s01 = f64x2.mul(x01, x01);
      const s23 = f64x2.mul(x23, x23);
      low = f64x2.add(low, s01);
      high = f64x2.add(high, s23);
      const at = sums + (i << 1);
      v128.store(at, f64x2.add(v128.load(at), s01));
      v128.store(at + 16, f64x2.add(v128.load(at + 16), s23));
    }
    const both = f64x2.add(low, high);
    let rest: f64 = 0;
    for (; i < bytes; i += 4) {
      const x = <f64>(load<f32>(from + i) * s);
      rest += x * x;
      const at = sums + (i << 1);
      store<f64>(at, load<f64>(at) + x * x);
    }
    const sum = f64x2.extract_lane(both, 0) + f64x2.extract_lane(both, 1) + rest;
    average(r + ((<usize>row) << 2), sum / <f64>columns + eps, beta);
  }
  for (let i: usize = 0; i < bytes; i += 4) average(c + i, load<f64>(sums + (i << 1)) / <f64>rows + eps, beta);
}

/** average = β·average + (1-β)·value, in float64. */
function average(at: usize, value: f64, beta: f64): void {
  store<f32>(at, <f32>(beta * <f64>load<f32>(at) + (1.0 - beta) * value));
}

/**
 * Overwrites g by Adafactor's direction u = gs / √(R Cᵀ / mean(R)) and gives Σ u², in float64. The root is taken of R and
 * C apart: their product leaves float32's range.
 *
 * @param factors room for `columns` float32
 */
export function adafactorDirection(g: usize, rows: u32, columns: u32, r: usize, c: usize, gradScale: f64, factors: usize): f64 {
  const bytes: usize = (<usize>columns) << 2;
  const whole: usize = bytes & ~15;
  for (let i: usize = 0; i < bytes; i += 4) store<f32>(factors + i, <f32>(1.0 / sqrt<f64>(<f64>load<f32>(c + i))));
  let mean: f64 = 0;
  for (let row: u32 = 0; row < rows; row++) mean += <f64>load<f32>(r + ((<usize>row) << 2));
  mean /= <f64>rows;
  let low = f64x2.splat(0);
  let high = f64x2.splat(0);
  let rest: f64 = 0;
  for (let row: u32 = 0; row < rows; row++) {
    const from = g + <usize>row * bytes;
    const f = <f32>(gradScale * sqrt<f64>(mean / <f64>load<f32>(r + ((<usize>row) << 2))));
    const fs = f32x4.splat(f);
    let i: usize = 0;
    for (; i < whole; i += 16) {
      const u = f32x4.mul(f32x4.mul(v128.load(from + i), fs), v128.load(factors + i));
      v128.store(from + i, u);
      const u01 = f64x2.promote_low_f32x4(u);
      const u23 = f64x2.promote_low_f32x4(v128.shuffle<i32>(u, u, 2, 3, 2, 3));
      low = f64x2.add(low, f64x2.mul(u01, u01));
      high = f64x2.add(high, f64x2.mul(u23, u23));
    }
    for (; i < bytes; i += 4) {
      const u: f32 = load<f32>(from + i) * f * load<f32>(factors + i);
      store<f32>(from + i, u);
      rest += <f64>u * <f64>u;
    }
  }
  const both = f64x2.add(low, high);
  return f64x2.extract_lane(both, 0) + f64x2.extract_lane(both, 1) + rest;
}

/**
 * Adafactor without factors (algorithm 5), for vectors: v = βv + (1-β)((gs)² + ε); overwrites g by u = gs / √v and gives
 * Σ u², in float64.
 */
export function adafactorVector(g: usize, v: usize, n: u32, beta: f64, eps: f64, gradScale: f64): f64 {
  const b = <f32>beta;
  const c = <f32>(1.0 - beta);
  const e = <f32>eps;
  const s = <f32>gradScale;
  const bs = f32x4.splat(b);
  const cs = f32x4.splat(c);
  const es = f32x4.splat(e);
  const ss = f32x4.splat(s);
  const bytes: usize = (<usize>n) << 2;
  const whole: usize = bytes & ~15;
  let low = f64x2.splat(0);
  let high = f64x2.splat(0);
  let i: usize = 0;
  for (; i < whole; i += 16) {
    const gv = f32x4.mul(v128.load(g + i), ss);
    const vv = f32x4.add(f32x4.mul(bs, v128.load(v + i)), f32x4.mul(cs, f32x4.add(f32x4.mul(gv, gv), es)));
    const u = f32x4.div(gv, f32x4.sqrt(vv));
    v128.store(v + i, vv);
    v128.store(g + i, u);
    const u01 = f64x2.promote_low_f32x4(u);
    const u23 = f64x2.promote_low_f32x4(v128.shuffle<i32>(u, u, 2, 3, 2, 3));
    low = f64x2.add(low, f64x2.mul(u01, u01));
    high = f64x2.add(high, f64x2.mul(u23, u23));
  }
  let rest: f64 = 0;
  for (; i < bytes; i += 4) {
    const gv: f32 = load<f32>(g + i) * s;
    const vv: f32 = b * load<f32>(v + i) + c * (gv * gv + e);
    const u: f32 = gv / sqrt<f32>(vv);
    store<f32>(v + i, vv);
    store<f32>(g + i, u);
    rest += <f64>u * <f64>u;
  }
  const both = f64x2.add(low, high);
  return f64x2.extract_lane(both, 0) + f64x2.extract_lane(both, 1) + rest;
}
