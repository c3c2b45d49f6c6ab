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
