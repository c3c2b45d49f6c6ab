/**
 * m = keep·m + take·u; u = own·u + look·m: a running sum of directions, and the direction that is followed in its place.
 * That is m itself with own 0 and look 1; Nesterov's looks ahead with own = take and look = keep.
 */
export function momentum(m: usize, u: usize, n: u32, keep: f64, take: f64, own: f64, look: f64): void {
  const k = <f32>keep;
  const t = <f32>take;
  const o = <f32>own;
  const l = <f32>look;
  const ks = f32x4.splat(k);
  const ts = f32x4.splat(t);
  const os = f32x4.splat(o);
  const ls = f32x4.splat(l);
  const bytes: usize = (<usize>n) << 2;
  const whole: usize = bytes & ~15;
  let i: usize = 0;
  for (; i < whole; i += 16) {
    const uv = v128.load(u + i);
    const mv = f32x4.add(f32x4.mul(ks, v128.load(m + i)), f32x4.mul(ts, uv));
    v128.store(m + i, mv);
    v128.store(u + i, f32x4.add(f32x4.mul(os, uv), f32x4.mul(ls, mv)));
  }
  for (; i < bytes; i += 4) {
    const uv: f32 = load<f32>(u + i);
    const mv: f32 = k * load<f32>(m + i) + t * uv;
    store<f32>(m + i, mv);
    store<f32>(u + i, o * uv + l * mv);
  }
}

/**
 * p = p - (shrink·p + step·u): one step along u, with decoupled weight decay.
 *
 * @param shrink learning rate · weight decay
 */
export function descend(p: usize, u: usize, n: u32, shrink: f64, step: f64): void {
  const d = <f32>shrink;
  const a = <f32>step;
  const ds = f32x4.splat(d);
  const as = f32x4.splat(a);
  const bytes: usize = (<usize>n) << 2;
  const whole: usize = bytes & ~15;
  let i: usize = 0;
  for (; i < whole; i += 16) {
    const pv = v128.load(p + i);
    v128.store(p + i, f32x4.sub(pv, f32x4.add(f32x4.mul(pv, ds), f32x4.mul(as, v128.load(u + i)))));
  }
  for (; i < bytes; i += 4) {
    const pv: f32 = load<f32>(p + i);
    store<f32>(p + i, pv - (pv * d + a * load<f32>(u + i)));
  }
}
