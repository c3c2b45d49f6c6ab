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

/** dst = src; the ranges may overlap. */
export function copy(dst: usize, src: usize, n: u32): void {
  memory.copy(dst, src, (<usize>n) << 2);
}

/** dst = factor · dst. */
export function scale(dst: usize, n: u32, factor: f64): void {
  const f = <f32>factor;
  const fs = f32x4.splat(f);
  const bytes: usize = (<usize>n) << 2;
  const whole: usize = bytes & ~15;
  let i: usize = 0;
  for (; i < whole; i += 16) v128.store(dst + i, f32x4.mul(v128.load(dst + i), fs));
  for (; i < bytes; i += 4) store<f32>(dst + i, load<f32>(dst + i) * f);
}

/** dst += weight · (src - dst): an exponential moving average of decay 1 - weight. */
export function interpolate(dst: usize, src: usize, n: u32, weight: f64): void {
  const w = <f32>weight;
  const ws = f32x4.splat(w);
  const bytes: usize = (<usize>n) << 2;
  const whole: usize = bytes & ~15;
  let i: usize = 0;
  for (; i < whole; i += 16) {
    const d = v128.load(dst + i);
    v128.store(dst + i, f32x4.add(d, f32x4.mul(ws, f32x4.sub(v128.load(src + i), d))));
  }
  for (; i < bytes; i += 4) {
    const d = load<f32>(dst + i);
    store<f32>(dst + i, d + w * (load<f32>(src + i) - d));
  }
}
