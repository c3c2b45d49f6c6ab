import { halfAt, type NumberBlock } from './number-block.js';

/**
 * llama.cpp's K-quants: blocks of 256 numbers in parts with scales of their own, which are integers times the block's half.
 *
 * Q4_K and Q5_K: halves d and m, 12 bytes with eight pairs of six bits (s, n), then q in 4 or 5 bits for eight parts of 32;
 * x = d·s·q − m·n. Q6_K: q in 6 bits, sixteen signed bytes s, a half d; x = d·s·(q − 32), in parts of 16.
 */
export const kBlocks: Readonly<Record<'Q4_K' | 'Q5_K' | 'Q6_K', NumberBlock>> = {
  Q4_K: { elements: 256, bytes: 144, read: (bytes, at, out, to) => readParts(bytes, at, out, to, undefined, at + 16) },
  Q5_K: { elements: 256, bytes: 176, read: (bytes, at, out, to) => readParts(bytes, at, out, to, at + 16, at + 48) },
  Q6_K: { elements: 256, bytes: 210, read: readSix },
};

/**
 * Eight parts of 32. Two parts share 32 bytes: the first has the lower four bits, the second the upper. The fifth bit of
 * element i of part p is bit p of byte i of `high`.
 */
function readParts(bytes: Uint8Array, at: number, out: Float32Array, to: number, high: number | undefined, low: number): void {
  const [d, m] = [halfAt(bytes, at), halfAt(bytes, at + 2)];
  for (let part = 0; part < 8; part++) {
    const [s, n] = scaleOf(bytes, at + 4, part);
    const [scale, floor] = [d * s, m * n];
    const shift = part % 2 === 0 ? 0 : 4;
    for (let i = 0; i < 32; i++) {
      const four = ((bytes[low + 32 * (part >> 1) + i] as number) >> shift) & 15;
      const fifth = high === undefined ? 0 : (((bytes[high + i] as number) >> part) & 1) << 4;
      out[to + 32 * part + i] = scale * (four | fifth) - floor;
    }
  }
}

/** The six bits of scale and floor of a part: four parts whole, the upper two bits of the others' in the tops of those. */
function scaleOf(bytes: Uint8Array, at: number, part: number): [scale: number, floor: number] {
  const byte = (i: number): number => bytes[at + i] as number;
  if (part < 4) return [byte(part) & 63, byte(part + 4) & 63];
  return [(byte(part + 4) & 15) | ((byte(part - 4) >> 6) << 4), (byte(part + 4) >> 4) | ((byte(part) >> 6) << 4)];
}

/** Two halves of 128: 64 bytes of lower four bits, 32 bytes of upper two, eight scales. */
function readSix(bytes: Uint8Array, at: number, out: Float32Array, to: number): void {
  const d = halfAt(bytes, at + 208);
  for (let e = 0; e < 256; e++) {
    const [half, quarter, i] = [e >> 7, (e >> 5) & 3, e & 31];
    const low = bytes[at + 64 * half + 32 * (quarter & 1) + i] as number;
    const four = quarter < 2 ? low & 15 : low >> 4;
    const two = ((bytes[at + 128 + 32 * half + i] as number) >> (2 * quarter)) & 3;
    const scale = ((bytes[at + 192 + (e >> 4)] as number) << 24) >> 24;
    out[to + e] = d * scale * ((four | (two << 4)) - 32);
  }
}
