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
  /** Σ g² over n float32, summed in float64 in a fixed order. */
  sumOfSquares(g: number, n: number): number;
  /** dst += src, n float32 each. */
  accumulate(dst: number, src: number, n: number): void;
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
