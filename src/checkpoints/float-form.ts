import { bfloat16ToFloat32, float16ToFloat32 } from './float16.js';

/** How a file holds numbers that are float32 when read. */
export interface FloatForm {
  /** Numbers that stand together, and their bytes. */
  readonly elements: number;
  readonly bytes: number;
  /**
   * @param from whole groups, from a boundary of 8 bytes
   * @param out room for their numbers
   */
  read(from: Uint8Array, out: Float32Array): void;
}

/** The forms that safetensors and GGUF share, by the name that both give them. */
export const floatForms: ReadonlyMap<string, FloatForm> = new Map([
  ['F32', { elements: 1, bytes: 4, read: (from, out) => out.set(new Float32Array(from.buffer, from.byteOffset, from.length / 4)) }],
  ['F16', { elements: 1, bytes: 2, read: (from, out) => void float16ToFloat32(halvesOf(from), out) }],
  ['BF16', { elements: 1, bytes: 2, read: (from, out) => void bfloat16ToFloat32(halvesOf(from), out) }],
]);

function halvesOf({ buffer, byteOffset, length }: Uint8Array): Uint16Array {
  return new Uint16Array(buffer, byteOffset, length / 2);
}
