import { describe, expect, test } from 'vitest';
import { randomKey } from '#dist/core/index.js';
import { createTask, type EvaluationBatch, type TokenBatch } from '#dist/datasets/index.js';
import { drawBalanced, drawUnbalanced, isBalanced } from '#dist/datasets/tasks/balanced.js';
import { Draws } from '#dist/datasets/tasks/draws.js';
import { problemsOf } from './settings.js';

const drawsOf = (name: string) => new Draws(randomKey(7, name));

describe('drawing balanced strings', () => {
  test.each([
    { pairs: 3, kinds: 1, different: 5 },
    { pairs: 4, kinds: 1, different: 14 },
    { pairs: 2, kinds: 3, different: 18 },
  ])('every one of the $different strings of $pairs pairs and $kinds kinds as often as any other', ({ pairs, kinds, different }) => {
    const draws = drawsOf(`${pairs} ${kinds}`);
    const counts = new Map<string, number>();
    const each = 400;
    for (let i = 0; i < each * different; i++) {
      const string = drawBalanced(draws, pairs, kinds);
      expect(isBalanced(string)).toBe(true);
      counts.set(string.join(), (counts.get(string.join()) ?? 0) + 1);
    }
    expect(counts.size).toBe(different); // Catalan's number times kinds to the pairs
    const chiSquared = [...counts.values()].reduce((sum, n) => sum + (n - each) ** 2 / each, 0);
    expect(chiSquared).toBeLessThan(different - 1 + 5 * Math.sqrt(2 * (different - 1)));
  });

  test('a third of the others hold as many openings as closings by design, and none is balanced', () => {
    const draws = drawsOf('unbalanced');
    let even = 0;
    for (let i = 0; i < 3000; i++) {
      const string = drawUnbalanced(draws, 10, 1);
      expect(string.length).toBe(20);
      expect(isBalanced(string)).toBe(false);
      if (string.filter((b) => b === 0).length === 10) even++;
    }
    // A third exchanged; of the third drawn anyhow, C(20, 10) / 2²⁰ less the balanced ones: 0.16.
    expect(even / 3000).toBeGreaterThan(0.34);
    expect(even / 3000).toBeLessThan(0.44);
  });

  test('kinds must match, not only numbers', () => {
    expect(isBalanced([0, 2, 3, 1])).toBe(true); // ([])
    expect(isBalanced([0, 2, 1, 3])).toBe(false); // ([)]
    expect(isBalanced([1, 0])).toBe(false);
    expect(isBalanced([0, 0, 1])).toBe(false);
    expect(isBalanced([])).toBe(true);
  });
});

test('exactly half of what is learned from and judged on is balanced', () => {
  for (const options of [{}, { kinds: 3 }, { length: 10 }]) {
    const task = createTask('brackets', options);
    const shape = { rows: 128, length: task.context };
    const batches = [task.data().batches(shape, 4)(3) as TokenBatch, ...(task.data().evaluation(shape) as Iterable<EvaluationBatch>)];
    for (const batch of batches) {
      expect(problemsOf(task, batch, task.context).filter((p) => p.answer === '1').length).toBe(64);
    }
  }
});
