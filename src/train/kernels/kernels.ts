import { fail } from '../../core/errors.js';
import { kernelBytes } from './kernels.generated.js';

/**
 * SIMD loops over float32 arrays in one WebAssembly memory: what a training step does outside the graph.
 *
 * Pointers are byte offsets into the memory, lengths count elements. Offsets that are multiples of 16 are fastest; any
 * length is right. Every kernel gives the same bits on every machine. A range outside the memory traps
 * (`WebAssembly.RuntimeError`).
 */
export interface Kernels {
  /**
   * One AdamW step, in place (Loshchilov and Hutter 2019, algorithm 2; eps is added to √v·rc2, as PyTorch does):
   * m = β₁m + (1-β₁)gs; v = β₂v + (1-β₂)(gs)²; p = p·decay - step·m / (√v·rc2 + eps).
   *
   * @param p parameters @param g gradients (read only) @param m first moments @param v second moments: n float32 each
   * @param decay 1 - learning rate · weight decay
   * @param step learning rate / (1-β₁ᵗ), t counted from 1
   * @param rc2 1 / √(1-β₂ᵗ)
   * @param gradScale s, the factor of every gradient: clipping, averaging
   */
  adamw(
    p: number,
    g: number,
    m: number,
    v: number,
    n: number,
    beta1: number,
    beta2: number,
    decay: number,
    step: number,
    rc2: number,
    eps: number,
    gradScale: number,
  ): void;
  /**
   * One step of SGD with momentum, in place: d = gs + λp; b = keep·b + take·d; p = p - lr·(own·d + look·b).
   *
   * @param b momentum, n float32
   * @param decay λ, the coupled weight decay
   */
  sgd(
    p: number,
    g: number,
    b: number,
    n: number,
    lr: number,
    keep: number,
    take: number,
    own: number,
    look: number,
    decay: number,
    gradScale: number,
  ): void;
  /**
   * One step of Lion, in place (Chen et al. 2023, algorithm 2):
   * c = β₁m + (1-β₁)gs; m = β₂m + (1-β₂)gs; p = p - (shrink·p + lr·sign(c)), where the sign of 0 is 0.
   *
   * @param shrink learning rate · weight decay
   */
  lion(p: number, g: number, m: number, n: number, lr: number, beta1: number, beta2: number, shrink: number, gradScale: number): void;
  /**
   * m = keep·m + take·u; u = own·u + look·m: a running sum of directions, and the direction to follow instead of u.
   * m itself with own 0 and look 1; Nesterov's with own = take and look = keep.
   */
  momentum(m: number, u: number, n: number, keep: number, take: number, own: number, look: number): void;
  /** p = p - (shrink·p + step·u), n float32 each; shrink is learning rate · weight decay. */
  descend(p: number, u: number, n: number, shrink: number, step: number): void;
  /**
   * Adafactor's second moment of a matrix (Shazeer and Stern 2018, algorithm 4), as means instead of sums:
   * R = βR + (1-β)(mean over columns of (gs)² + ε); C = βC + (1-β)(mean over rows of (gs)² + ε). Worked out in float64.
   *
   * @param g [rows,columns], read only @param r R, [rows] @param c C, [columns]
   * @param sums room for `columns` float64
   */
  adafactorMoments(
    g: number,
    rows: number,
    columns: number,
    r: number,
    c: number,
    beta: number,
    eps: number,
    gradScale: number,
    sums: number,
  ): void;
  /**
   * Overwrites g [rows,columns] by u = gs / √(R Cᵀ / mean(R)).
   *
   * @param factors room for `columns` float32
   * @returns Σ u², in float64
   */
  adafactorDirection(g: number, rows: number, columns: number, r: number, c: number, gradScale: number, factors: number): number;
  /**
   * Adafactor without factors (algorithm 5): v = βv + (1-β)((gs)² + ε); overwrites g by u = gs / √v.
   *
   * @returns Σ u², in float64
   */
  adafactorVector(g: number, v: number, n: number, beta: number, eps: number, gradScale: number): number;
  /** Σ g² over n float32, summed in float64 in a fixed order. */
  sumOfSquares(g: number, n: number): number;
  /** Σ (a - b)² over n float32, taken and summed in float64 in a fixed order. */
  sumOfSquaredDifferences(a: number, b: number, n: number): number;
  /** dst += src, n float32 each. */
  accumulate(dst: number, src: number, n: number): void;
  /** dst += weight · (src - dst), n float32 each: an exponential moving average of decay 1 - weight. */
  interpolate(dst: number, src: number, n: number, weight: number): void;
  /** dst = src, n float32 each; the ranges may overlap. */
  copy(dst: number, src: number, n: number): void;
  /** dst = factor · dst, n float32. */
  scale(dst: number, n: number, factor: number): void;
  /** n float32 at dst become `value`. */
  fill(dst: number, n: number, value: number): void;
  /** 1 if any of n float32 is NaN or infinite, else 0. */
  hasNonFinite(p: number, n: number): number;
  /**
   * n float32 at dst: `scale` where `randomBits({ k0, k1 }, firstIndex + j) >= threshold`, else 0.
   * A drop rate r has the threshold r·2³² and the scale 1/(1 - r).
   *
   * @param threshold in [0, 2³²); 0 keeps everything
   */
  randomMask(dst: number, n: number, k0: number, k1: number, firstIndex: number, threshold: number, scale: number): void;
}

/**
 * The kernels over `memory`, compiled on the spot (a few kilobytes, under a millisecond).
 *
 * @throws unsupported where WebAssembly SIMD is missing
 */
export function loadKernels(memory: WebAssembly.Memory): Kernels {
  try {
    return new WebAssembly.Instance(new WebAssembly.Module(decodeBase64(kernelBytes)), { env: { memory } }).exports as unknown as Kernels;
  } catch (cause) {
    throw cannotLoad(cause);
  }
}

/** `loadKernels` for places that forbid compiling synchronously: a browser's main thread. */
export async function loadKernelsAsync(memory: WebAssembly.Memory): Promise<Kernels> {
  try {
    const { instance } = await WebAssembly.instantiate(decodeBase64(kernelBytes), { env: { memory } });
    return instance.exports as unknown as Kernels;
  } catch (cause) {
    throw cannotLoad(cause);
  }
}

function cannotLoad(cause: unknown): Error {
  return fail('unsupported', {
    where: 'loadKernels',
    rule: 'WebAssembly with SIMD and an unshared WebAssembly.Memory',
    got: cause instanceof Error ? cause.message : String(cause),
    fix: 'Use Node 20 or a browser of 2023 or later',
    cause,
  });
}

function decodeBase64(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
}
