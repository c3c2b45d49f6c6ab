import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Decoder, nextTokens } from '#dist/generate/index.js';
import { lens } from '#dist/lens/index.js';
import { Llama } from '#dist/models/index.js';
import { sizes, smallModels, statefulModels } from '../models/small.js';
import { relativeDifference } from '../support/arrays.js';

const { vocabulary: V, context: T } = sizes;

test.each(Object.entries({ ...smallModels, ...statefulModels }))(
  '%s: cached = uncached, however a text is cut into pieces',
  async (_, make) => {
    const model = make();
    const decoder = await nextTokens(model);
    const texts = fc.record({
      ids: fc.array(fc.nat(V - 1), { minLength: T, maxLength: T }),
      cuts: fc.uniqueArray(fc.integer({ min: 1, max: T - 1 }), { maxLength: T - 1 }),
    });
    await fc.assert(
      fc.asyncProperty(texts, async ({ ids, cuts }) => {
        const whole = (await lens(model).capture(ids, 'logits')).logits?.data as Float32Array;
        decoder.reset();
        const ends = [...cuts.toSorted((a, b) => a - b), T];
        let from = 0;
        for (const end of ends) {
          const logits = await decoder.append(ids.slice(from, end));
          expect(relativeDifference(logits, whole.slice((end - 1) * V, end * V))).toBeLessThan(1e-5);
          from = end;
        }
      }),
      { numRuns: 8 },
    );
    await decoder.dispose();
  },
);

test('a memory that grows keeps groups of heads and windows apart', async () => {
  const model = new Llama({ ...sizes, context: 300, heads: 4, kvHeads: 2, width: 16, window: 20, windowed: [true, false] });
  const ids = Array.from({ length: 262 }, (_, i) => (i * i + 3 * i) % V);
  const whole = (await lens(model).capture(ids, 'logits')).logits?.data as Float32Array;
  const decoder = await nextTokens(model);
  await decoder.append(ids.slice(0, 253)); // the first 256 slots, nearly full
  for (let i = 253; i < ids.length; i++) {
    const logits = await decoder.append([ids[i] as number]);
    expect(relativeDifference(logits, whole.slice(i * V, (i + 1) * V)), `${i}`).toBeLessThan(1e-4);
  }
  await decoder.dispose();
});

test.each([
  ['one text', 1],
  ['two side by side', 2],
])('a prompt longer than a run reads is read in several, and a model with windows sees the same: %s', async (_, batch) => {
  const model = new Llama({ ...sizes, context: 700, heads: 4, kvHeads: 2, width: 16, window: 40, windowed: [true, false] });
  const ids = Array.from({ length: 600 }, (_, i) => (i * i + 3 * i) % V);
  const whole = (await lens(model).capture(ids, 'logits')).logits?.data as Float32Array;
  const decoder = await Decoder.create(model, { batch });
  const logits = await decoder.append(Array.from({ length: batch }, () => ids).flat());
  expect(decoder.length).toBe(600);
  for (let row = 0; row < batch; row++)
    expect(relativeDifference(logits.slice(row * V, (row + 1) * V), whole.slice(599 * V, 600 * V))).toBeLessThan(1e-5);
  await decoder.dispose();
});
