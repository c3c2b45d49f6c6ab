/**
 * SGD with momentum as PyTorch does it: d = gs + λp; b = keep·b + take·d; p = p - lr·(own·d + look·b).
 * The usual step looks at b alone (own 0, look 1), Nesterov's at both (own 1, look μ).
 *
 * @param gradScale s, what each gradient is multiplied with first (clipping, averaging)
 * @param decay λ, the coupled weight decay
 */
export function sgd(
  p: usize,
  g: usize,
  b: usize,
  n: u32,
  lr: f64,
  keep: f64,
  take: f64,
  own: f64,
  look: f64,
  decay: f64,
  gradScale: f64,
): void {
  const a = <f32>lr;
  const k = <f32>keep;
  const t = <f32>take;
  const o = <f32>own;
  const l = <f32>look;
  const w = <f32>decay;
  const s = <f32>gradScale;
  const as = f32x4.splat(a);
  const ks = f32x4.splat(k);
  const ts = f32x4.splat(t);
  const os = f32x4.splat(o);
  const ls = f32x4.splat(l);
  const ws = f32x4.splat(w);
  const ss = f32x4.splat(s);
  const bytes: usize = (<usize>n) << 2;
  const whole: usize = bytes & ~15;
  let i: usize = 0;
  for (; i < whole; i += 16) {
    const pv = v128.load(p + i);
    const d = f32x4.add(f32x4.mul(v128.load(g + i), ss), f32x4.mul(ws, pv));
    const bv = f32x4.add(f32x4.mul(ks, v128.load(b + i)), f32x4.mul(ts, d));
    v128.store(b + i, bv);
    v128.store(p + i, f32x4.sub(pv, f32x4.mul(as, f32x4.add(f32x4.mul(os, d), f32x4.mul(ls, bv)))));
  }
  for (; i < bytes; i += 4) {
    const pv: f32 = load<f32>(p + i);
    const d: f32 = load<f32>(g + i) * s + w * pv;
    const bv: f32 = k * load<f32>(b + i) + t * d;
    store<f32>(b + i, bv);
    store<f32>(p + i, pv - a * (o * d + l * bv));
  }
}
