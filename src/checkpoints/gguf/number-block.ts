import { float16ToNumber } from '../float16.js';

/** Numbers that are stored together. */
export interface NumberBlock {
  readonly elements: number;
  readonly bytes: number;
  /** Reads the block at a byte into numbers from a place on. */
  read(bytes: Uint8Array, at: number, out: Float32Array, to: number): void;
}

/** All blocks of a tensor. @param bytes whole blocks */
export function readBlocks(bytes: Uint8Array, block: NumberBlock): Float32Array {
  const count = bytes.length / block.bytes;
  const out = new Float32Array(count * block.elements);
  for (let b = 0; b < count; b++) block.read(bytes, b * block.bytes, out, b * block.elements);
  return out;
}

/** A half as a number. */
export function halfAt(bytes: Uint8Array, at: number): number {
  return float16ToNumber((bytes[at] as number) | ((bytes[at + 1] as number) << 8));
}
