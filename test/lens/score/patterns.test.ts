import { expect, test } from 'vitest';
import { type HeadPattern, headScores } from '#dist/lens/index.js';

/** A head that looks at one place of each query. */
function looking(ids: readonly number[], place: (q: number) => number): HeadPattern {
  const at = (q: number, k: number): number => (place(q) === k ? 1 : 0);
  return { queries: ids.length, keys: ids.length, at, queryIds: ids, keyIds: ids, isSelf: true };
}

function score(name: string, pattern: HeadPattern): number | undefined {
  const found = headScores.find((s) => s.name === name);
  if (found?.of !== 'pattern') throw new Error(name);
  return found.score(pattern);
}

const ids = [4, 8, 2, 6, 4, 8, 2, 6];
const inductive = (q: number): number => (q < 4 ? 0 : q - 3);

test('ideal heads score 1 of what they are, and 0 of the others', () => {
  const heads = {
    induction: looking(ids, inductive),
    previousToken: looking(ids, (q) => Math.max(0, q - 1)),
    duplicateToken: looking(ids, (q) => (q < 4 ? q : q - 4)),
    firstToken: looking(ids, () => 0),
  };
  for (const [name, head] of Object.entries(heads)) expect(score(name, head)).toBe(1);
  expect(score('induction', heads.previousToken)).toBe(0);
  expect(score('duplicateToken', heads.induction)).toBe(0);
  expect(score('previousToken', heads.duplicateToken)).toBe(0);
  expect(score('entropy', heads.induction)).toBe(0);
});

test('an even head scores by chance: 1/S, ln S', () => {
  const even: HeadPattern = { ...looking(ids, () => 0), at: () => 1 / 8 };
  expect(score('firstToken', even)).toBeCloseTo(1 / 8, 12);
  expect(score('entropy', even)).toBeCloseTo(Math.log(8), 12);
  // Tokens 0 to 3 look ahead too: each token has one copy, and it may have a successor.
  expect(score('duplicateToken', even)).toBeCloseTo(1 / 8, 12);
});

test('a causal head is judged where it has something to find; a text without copies says nothing', () => {
  const causal = looking([1, 2, 3, 1], (q) => (q === 3 ? 1 : q));
  expect(score('induction', causal)).toBe(1); // the first three have no earlier copy, and do not count
  expect(
    score(
      'induction',
      looking([1, 2, 3, 4], (q) => q),
    ),
  ).toBeUndefined();
  expect(
    score(
      'duplicateToken',
      looking([1, 2, 3, 4], (q) => q),
    ),
  ).toBeUndefined();
});

test('patches have no ids, cross-attention has no neighbours', () => {
  const patches: HeadPattern = { ...looking(ids, inductive), queryIds: undefined, keyIds: undefined };
  expect(score('induction', patches)).toBeUndefined();
  expect(score('previousToken', patches)).toBeDefined();
  const cross: HeadPattern = { ...looking(ids, () => 0), isSelf: false };
  for (const name of ['induction', 'duplicateToken', 'previousToken']) expect(score(name, cross)).toBeUndefined();
  expect(score('firstToken', cross)).toBe(1);
});
