import { float16ToFloat32, float32ToFloat16 } from '../float16.js';

/**
 * GGUF's blocks of 32 numbers, as the format's description gives them.
 *
 * Q8_0: a half d and 32 signed bytes q; x = d·q. Written with d = max|x| / 127, q = round(x / d), halves away from zero.
 * Q4_0: a half d and 16 bytes; byte i holds element i in its lower four bits and element i + 16 in its upper; x = d·(q − 8).
 * Written with d = m / −8, where m is the number of the largest magnitude with its sign, q = min(15, ⌊x / d + 8.5⌋).
 *
 * Rounding is in float32 throughout, so that the bytes are those of other writers.
 */
export const blockSize = 32;

const { fround } = Math;

function scalesOf(bytes: Uint8Array, blockBytes: number): Float32Array {
  const halves = new Uint16Array(bytes.length / blockBytes);
  for (let b = 0; b < halves.length; b++) halves[b] = (bytes[b * blockBytes] as number) | ((bytes[b * blockBytes + 1] as number) << 8);
  return float16ToFloat32(halves);
}

/** @param out room for 32 numbers for each 34 bytes */
export function fromQ8(bytes: Uint8Array, out: Float32Array): void {
  const scales = scalesOf(bytes, 34);
  const signed = new Int8Array(bytes.buffer, bytes.byteOffset, bytes.length);
  for (let b = 0; b < scales.length; b++) {
    const scale = scales[b] as number;
    for (let i = 0; i < blockSize; i++) out[b * blockSize + i] = scale * (signed[b * 34 + 2 + i] as number);
  }
}

/** @param out room for 32 numbers for each 18 bytes */
export function fromQ4(bytes: Uint8Array, out: Float32Array): void {
  const scales = scalesOf(bytes, 18);
  for (let b = 0; b < scales.length; b++) {
    const scale = scales[b] as number;
    for (let i = 0; i < 16; i++) {
      const byte = bytes[b * 18 + 2 + i] as number;
      out[b * blockSize + i] = scale * ((byte & 15) - 8);
      out[b * blockSize + 16 + i] = scale * ((byte >> 4) - 8);
    }
  }
}

/** @param values whole blocks */
export function toQ8(values: Float32Array): Uint8Array {
  const count = values.length / blockSize;
  const out = new Uint8Array(count * 34);
  const scales = new Float32Array(count);
  for (let b = 0; b < count; b++) {
    let top = 0;
    for (let i = 0; i < blockSize; i++) top = Math.max(top, Math.abs(values[b * blockSize + i] as number));
    const scale = fround(top / 127);
    const inverse = scale === 0 ? 0 : fround(1 / scale);
    scales[b] = scale;
    for (let i = 0; i < blockSize; i++) {
      const x = fround((values[b * blockSize + i] as number) * inverse);
      out[b * 34 + 2 + i] = x < 0 ? -Math.floor(0.5 - x) : Math.floor(x + 0.5); // a byte keeps its two's complement
    }
  }
  writeScales(out, scales, 34);
  return out;
}

/** @param values whole blocks */
export function toQ4(values: Float32Array): Uint8Array {
  const count = values.length / blockSize;
  const out = new Uint8Array(count * 18);
  const scales = new Float32Array(count);
  for (let b = 0; b < count; b++) {
    let extreme = 0;
    for (let i = 0; i < blockSize; i++) {
      const x = values[b * blockSize + i] as number;
      if (Math.abs(x) > Math.abs(extreme)) extreme = x;
    }
    const scale = fround(extreme / -8);
    const inverse = scale === 0 ? 0 : fround(1 / scale);
    scales[b] = scale;
    const level = (i: number): number => Math.min(15, Math.trunc(fround(fround((values[b * blockSize + i] as number) * inverse) + 8.5)));
    for (let i = 0; i < 16; i++) out[b * 18 + 2 + i] = level(i) | (level(i + 16) << 4);
  }
  writeScales(out, scales, 18);
  return out;
}

function writeScales(out: Uint8Array, scales: Float32Array, blockBytes: number): void {
  float32ToFloat16(scales).forEach((half, b) => {
    out[b * blockBytes] = half & 255;
    out[b * blockBytes + 1] = half >> 8;
  });
}
