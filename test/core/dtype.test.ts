import { expect, test } from 'vitest';
import { arrayOf, bytesPerElement, type DType, isFloat } from '#dist/core/index.js';

test('bytes of an element are what the names say', () => {
  for (const dtype of Object.keys(arrayOf) as DType[]) {
    const bits = dtype === 'bool' ? 8 : Number(/\d+/.exec(dtype)?.[0]);
    expect(bytesPerElement(dtype)).toBe(bits / 8);
    expect(isFloat(dtype)).toBe(dtype.startsWith('float'));
  }
});
