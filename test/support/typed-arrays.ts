import { expect } from 'vitest';

/**
 * Arrays of numbers that have the same bits are equal, which is known at once; Vitest goes through them as through anything that can be iterated, a
 * microsecond or more for each number. Others are left to it, which says where they differ.
 */
function sameBits(a: unknown, b: unknown): true | undefined {
  if (!ArrayBuffer.isView(a) || !ArrayBuffer.isView(b) || a.constructor !== b.constructor || a.byteLength !== b.byteLength)
    return undefined;
  const [x, y] = [a, b].map((view) => Buffer.from(view.buffer, view.byteOffset, view.byteLength)) as [Buffer, Buffer];
  return x.equals(y) || undefined;
}

expect.addEqualityTesters([sameBits]);
