import { expect, test } from 'vitest';
import { parseGguf, readSafetensors } from '#dist/checkpoints/index.js';
import { fixture } from '../../support/arrays.js';
import { plainGguf } from './independent.js';

const types = [
  ['Q4_1', 3, 20, 32],
  ['Q5_0', 6, 22, 32],
  ['Q5_1', 7, 24, 32],
  ['Q4_K', 12, 144, 256],
  ['Q5_K', 13, 176, 256],
  ['Q6_K', 14, 210, 256],
] as const;

test.each(types)('%s: bit for bit the numbers that ggml reads', async (name, type, size, elements) => {
  const fixtures = await readSafetensors(fixture('ggml-blocks.safetensors'));
  const bytes = (await fixtures.load(`${name}.bytes`)).data as Uint8Array;
  const expected = (await fixtures.load(`${name}.numbers`)).data as Float32Array;
  await fixtures.close();
  const count = bytes.length / size;
  const file = await parseGguf(plainGguf({}, [{ name: 'w', sizes: [elements, count], type, bytes }]), 'm.gguf');
  expect(file.info('w')).toMatchObject({ dtype: name, shape: [count, elements], bytes: bytes.length });
  const { data } = await file.load('w');
  expect(data).toHaveLength(expected.length);
  // Zeros of both signs are equal.
  const differ = Array.from(expected.keys()).filter((i) => data[i] !== expected[i]);
  expect(differ).toEqual([]);
  expect(new Set(expected).size).toBeGreaterThan(800);
});
