import { fail, type RandomKey, randomBits } from '../../core/index.js';

/** With good round functions four suffice (Luby and Rackoff 1988); two more cost nothing beside reading a row. */
const rounds = 6;
/** Halves of 26 bits: what exact arithmetic on doubles allows. */
const mostBits = 52;

/**
 * A random order of 0 … size − 1 that needs no memory: which number stands at a place is computed from the place.
 *
 * A Feistel network permutes the numbers of 2h bits, 2h the fewest that hold `size`; numbers beyond `size` are sent
 * through it again until they fall below (cycle walking; Black and Rogaway 2002), at most four times on average.
 *
 * @returns index ↦ number, a bijection of [0, size), the same for the same key
 * @throws `value` for a size that is no whole number from 1 to 2⁵²
 * @example const at = permutation(1000, randomKey(seed, 'order', epoch)); at(0)
 */
export function permutation(size: number, key: RandomKey): (index: number) => number {
  if (!(Number.isSafeInteger(size) && size >= 1 && size <= 2 ** mostBits)) {
    throw fail('value', { where: 'permutation', rule: 'a size from 1 to 2^52', got: String(size) });
  }
  let half = 1;
  while (4 ** half < size) half++;
  const base = 2 ** half;
  const once = (x: number): number => {
    let left = Math.floor(x / base);
    let right = x % base;
    for (let round = 0; round < rounds; round++) {
      const next = left ^ (randomBits(key, right * rounds + round) & (base - 1));
      left = right;
      right = next;
    }
    return left * base + right;
  };
  return (index) => {
    if (!(Number.isSafeInteger(index) && index >= 0 && index < size)) {
      throw fail('value', { where: 'permutation', rule: `an index from 0 to ${size - 1}`, got: String(index) });
    }
    let x = once(index);
    while (x >= size) x = once(x);
    return x;
  };
}
