import type { FloatForm } from '../float-form.js';
import { float16ToNumber } from '../float16.js';

/** Numbers that are stored together. */
export interface NumberBlock {
  readonly elements: number;
  readonly bytes: number;
  /** Reads the block at a byte into numbers from a place on. */
  read(bytes: Uint8Array, at: number, out: Float32Array, to: number): void;
}

/** Numbers in such blocks, block by block. */
export function formOfBlocks({ elements, bytes, read }: NumberBlock): FloatForm {
  return {
    elements,
    bytes,
    read(from, out) {
      for (let b = 0; b < from.length / bytes; b++) read(from, b * bytes, out, b * elements);
    },
  };
}

/** A half as a number. */
export function halfAt(bytes: Uint8Array, at: number): number {
  return float16ToNumber((bytes[at] as number) | ((bytes[at + 1] as number) << 8));
}
