/**
 * Counter-based randomness: a number is a hash of (seed, stream, step, index), never of hidden state. A run that
 * stops and resumes, or computes in another order or place, draws the same bits.
 *
 * The hash is two rounds of a 32-bit multiply–xorshift finaliser (constants of C. Wellons' lowbias32, 2018).
 */
export function mix(x: number): number {
  let h = x | 0;
  h ^= h >>> 16;
  h = Math.imul(h, 0x7feb352d);
  h ^= h >>> 15;
  h = Math.imul(h, 0x846ca68b);
  h ^= h >>> 16;
  return h >>> 0;
}

/** A stream's name as a number (FNV-1a, 32 bits). */
export function hashName(name: string): number {
  let h = 0x811c9dc5;
  for (let i = 0; i < name.length; i++) h = Math.imul(h ^ name.charCodeAt(i), 0x01000193);
  return mix(h);
}

/** The two words that key a stream of random bits. */
export interface RandomKey {
  readonly k0: number;
  readonly k1: number;
}

/** The key of (seed, stream, step). Streams are named for what they draw: a module path, `batch`, `sample`. */
export function randomKey(seed: number, stream: string, step = 0): RandomKey {
  const a = mix((seed >>> 0) ^ 0x9e3779b9);
  const k0 = mix(a ^ hashName(stream));
  return { k0, k1: mix(mix((k0 + step) | 0) ^ Math.floor(seed / 2 ** 32)) };
}

/** 32 random bits at `index` of a stream. */
export function randomBits(key: RandomKey, index: number): number {
  return mix(mix((index + key.k0) | 0) ^ key.k1);
}

/** Uniform in [0, 1), 32 bits of resolution. */
export function uniform(key: RandomKey, index: number): number {
  return randomBits(key, index) / 2 ** 32;
}

/** An integer in [0, n), without bias worth the name for n far below 2³². */
export function below(key: RandomKey, index: number, n: number): number {
  return Math.floor(uniform(key, index) * n);
}

/** Standard normal (Box and Muller 1958), from the two draws at 2·index and 2·index + 1. */
export function normal(key: RandomKey, index: number): number {
  const u = 1 - uniform(key, 2 * index); // in (0, 1]
  return Math.sqrt(-2 * Math.log(u)) * Math.cos(2 * Math.PI * uniform(key, 2 * index + 1));
}
