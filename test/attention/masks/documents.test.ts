import fc from 'fast-check';
import { expect, test } from 'vitest';
import { documentMask } from '#dist/attention/index.js';
import { symbol } from '#dist/core/index.js';
import { input } from '#dist/ops/index.js';
import { numbersOf, refArray } from '../../grad/programs.js';

const [B, T] = [2, 5];
const documents = input('documents', [B, T], 'int32');
const mask = documentMask(documents);

test('the document mask: who shares a document sees each other, so everyone sees itself', () => {
  expect(mask).toMatchObject({ dtype: 'bool', shape: [B, 1, T, T] });
  fc.assert(
    fc.property(fc.array(fc.integer({ min: -2, max: 2 }), { minLength: B * T, maxLength: B * T }), (of) => {
      const got = numbersOf(mask, new Map([[documents, refArray([B, T], of)]]));
      const at = (b: number, i: number, j: number) => got[(b * T + i) * T + j];
      for (let b = 0; b < B; b++) {
        for (let i = 0; i < T; i++) {
          expect(at(b, i, i)).toBe(1);
          for (let j = 0; j < T; j++) expect(at(b, i, j)).toBe(of[b * T + i] === of[b * T + j] ? 1 : 0);
        }
      }
    }),
    { numRuns: 30 },
  );
});

test('of named lengths; of nothing but [B,T] int32', () => {
  expect(documentMask(input('documents', [B, symbol('T')], 'int32')).shape).toMatchObject([B, 1, { key: 'T' }, { key: 'T' }]);
  expect(() => documentMask(input('documents', [T], 'int32'))).toThrow(
    "documentMask: documents [B,T] int32, the number of each token's document; got [5] int32.",
  );
  expect(() => documentMask(input('documents', [B, T]))).toThrow(/got \[2,5\] float32/);
});
