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
