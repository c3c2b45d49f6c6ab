import { halfAt, type NumberBlock } from './number-block.js';

/**
 * GGUF's other blocks of 32. Byte i of 16 holds element i in its lower four bits and element i + 16 in its upper; of five
 * bits, the fifth of element i is bit i of 32 that stand before.
 *
 * Q4_1: halves d and m; x = d·q + m. Q5_0: a half d; x = d·(q − 16). Q5_1: as Q4_1.
 */
export const levelBlocks: Readonly<Record<'Q4_1' | 'Q5_0' | 'Q5_1', NumberBlock>> = {
  Q4_1: { elements: 32, bytes: 20, read: (bytes, at, out, to) => readLevels(bytes, at, out, to, { floor: true, fifth: false }) },
  Q5_0: { elements: 32, bytes: 22, read: (bytes, at, out, to) => readLevels(bytes, at, out, to, { floor: false, fifth: true }) },
  Q5_1: { elements: 32, bytes: 24, read: (bytes, at, out, to) => readLevels(bytes, at, out, to, { floor: true, fifth: true }) },
};

function readLevels(
  bytes: Uint8Array,
  at: number,
  out: Float32Array,
  to: number,
  { floor, fifth }: { readonly floor: boolean; readonly fifth: boolean },
): void {
  const d = halfAt(bytes, at);
  const bits = at + (floor ? 4 : 2);
  const low = bits + (fifth ? 4 : 0);
  const least = floor ? halfAt(bytes, at + 2) : d * -16;
  for (let i = 0; i < 32; i++) {
    const byte = bytes[low + (i & 15)] as number;
    const four = i < 16 ? byte & 15 : byte >> 4;
    const high = fifth ? (((bytes[bits + (i >> 3)] as number) >> (i & 7)) & 1) << 4 : 0;
    out[to + i] = d * (four | high) + least;
  }
}
