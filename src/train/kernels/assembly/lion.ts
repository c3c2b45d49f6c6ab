/**
 * Lion (Chen et al. 2023, algorithm 2): c = β₁m + (1-β₁)gs; m = β₂m + (1-β₂)gs; p = p - (shrink·p + lr·sign(c)), where
 * the sign of 0 is 0.
 *
 * @param shrink learning rate · weight decay
 * @param gradScale s, what each gradient is multiplied with first (clipping, averaging)
 */
export function lion(p: usize, g: usize, m: usize, n: u32, lr: f64, beta1: f64, beta2: f64, shrink: f64, gradScale: f64): void {
  const a = <f32>lr;
  const b1 = <f32>beta1;
  const b2 = <f32>beta2;
  const c1 = <f32>(1.0 - beta1);
  const c2 = <f32>(1.0 - beta2);
  const d = <f32>shrink;
  const s = <f32>gradScale;
  const as = f32x4.splat(a);
  const b1s = f32x4.splat(b1);
  const b2s = f32x4.splat(b2);
  const c1s = f32x4.splat(c1);
  const c2s = f32x4.splat(c2);
  const ds = f32x4.splat(d);
  const ss = f32x4.splat(s);
  const signBit = i32x4.splat(0x80000000);
  const zero = f32x4.splat(0);
  const bytes: usize = (<usize>n) << 2;
  const whole: usize = bytes & ~15;
  let i: usize = 0;
  for (; i < whole; i += 16) {
    const gv = f32x4.mul(v128.load(g + i), ss);
    const mv = v128.load(m + i);
    const c = f32x4.add(f32x4.mul(b1s, mv), f32x4.mul(c1s, gv));
    v128.store(m + i, f32x4.add(f32x4.mul(b2s, mv), f32x4.mul(c2s, gv)));
    // lr with the sign of c, and nothing where c is 0.
    const step = v128.and(v128.or(v128.and(c, signBit), as), f32x4.ne(c, zero));
    const pv = v128.load(p + i);
    v128.store(p + i, f32x4.sub(pv, f32x4.add(f32x4.mul(pv, ds), step)));
  }
  for (; i < bytes; i += 4) {
    const gv: f32 = load<f32>(g + i) * s;
    const mv: f32 = load<f32>(m + i);
    const c: f32 = b1 * mv + c1 * gv;
    store<f32>(m + i, b2 * mv + c2 * gv);
    const step: f32 = c === 0 ? 0 : copysign<f32>(a, c);
    const pv: f32 = load<f32>(p + i);
    store<f32>(p + i, pv - (pv * d + step));
  }
}
