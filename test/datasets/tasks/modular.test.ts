import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createTask, type EvaluationBatch, type Task, type TokenBatch } from '#dist/datasets/index.js';
import { problemsOf } from './settings.js';

type Rows = Iterable<EvaluationBatch>;
const shape = { rows: 100, length: 4 };
const promptsOf = (task: Task, batches: Rows): string[] => [...batches].flatMap((b) => problemsOf(task, b, 4).map((p) => p.prompt));
const judged = (task: Task): string[] => promptsOf(task, task.data().evaluation(shape) as Rows);
const learned = (task: Task): string[] => promptsOf(task, task.data().trainEvaluation?.(shape) as Rows);

describe('modular arithmetic', () => {
  test.each(['+', '-', '*', '/'])('all pairs of a %s b, each on one side; the share says how many are learned from', (operation) => {
    const task = createTask('modular', { modulus: 31, operation, share: 0.4 });
    const pairs = operation === '/' ? 31 * 30 : 31 * 31;
    const [a, b] = [learned(task), judged(task)];
    expect(a.length).toBe(Math.round(0.4 * pairs));
    expect(task.data().size).toBe(a.length);
    expect(a.length + b.length).toBe(pairs);
    expect(new Set([...a, ...b]).size).toBe(pairs);
  });

  test('the numbers of the papers: 97, three tenths of 9,409 pairs, a number a token', () => {
    const task = createTask('modular');
    expect(task.tokenizer.size).toBe(99);
    expect(task.context).toBe(4);
    expect(task.data().size).toBe(2823);
    expect(judged(task).length).toBe(6586);
    expect(task.tokenizer.encode('12 + 85 = 0')).toEqual([12, 97, 85, 98, 0]);
  });

  test('which pairs are learned from hangs on `split`, not on the seed of a run', () => {
    const ask = (split: number) => learned(createTask('modular', { modulus: 31, split })).sort();
    expect(ask(0)).toEqual(ask(0));
    expect(ask(0)).not.toEqual(ask(1));
    const task = createTask('modular', { modulus: 31 });
    const rows = (seed: number) =>
      problemsOf(task, task.data().batches({ rows: 5000, length: 4 }, seed)(0) as TokenBatch, 4).slice(0, task.data().size);
    expect(
      rows(1)
        .map((p) => p.prompt)
        .sort(),
    ).toEqual(
      rows(2)
        .map((p) => p.prompt)
        .sort(),
    );
  });

  test('an epoch holds every pair once, in an order of its own, whatever the batch', () => {
    const task = createTask('modular', { modulus: 13 });
    const { size } = task.data();
    fc.assert(
      fc.property(fc.integer({ min: 1, max: size - 1 }), fc.nat(), (rows, seed) => {
        const at = task.data().batches({ rows, length: 4 }, seed);
        const needed = Math.ceil((2 * size) / rows);
        const prompts = Array.from({ length: needed }, (_, i) => problemsOf(task, at(i) as TokenBatch, 4).map((p) => p.prompt)).flat();
        const [first, second] = [prompts.slice(0, size), prompts.slice(size, 2 * size)];
        expect([...first].sort()).toEqual(learned(task).sort());
        expect([...second].sort()).toEqual(learned(task).sort());
        expect(second).not.toEqual(first);
        const again = task.data().batches({ rows, length: 4 }, seed);
        expect(again(needed - 1)).toEqual(at(needed - 1)); // without the batches before
      }),
      { numRuns: 30 },
    );
  });

  test('as many rows as pairs, or more, are the full batch: every pair once, the rest padding', () => {
    const task = createTask('modular', { modulus: 13 });
    const { size } = task.data();
    for (const rows of [size, size + 7]) {
      for (const index of [0, 1]) {
        const batch = task.data().batches({ rows, length: 4 }, 3)(index) as TokenBatch;
        expect(batch.inputs.length).toBe(rows * 4);
        expect(batch.targets.filter((t) => t !== -100).length).toBe(size);
        const some = { inputs: batch.inputs.slice(0, size * 4), targets: batch.targets.slice(0, size * 4) };
        expect(
          problemsOf(task, some, 4)
            .map((p) => p.prompt)
            .sort(),
        ).toEqual(learned(task).sort());
      }
    }
  });

  test('division undoes multiplication', () => {
    const task = createTask('modular', { modulus: 31, operation: '/' });
    for (const prompt of [...learned(task), ...judged(task)]) {
      const [a, , b] = prompt.split(' ').map(Number) as [number, number, number];
      expect((Number(task.solve(prompt)) * b) % 31).toBe(a);
    }
  });

  test('division needs a prime modulus, and a share must leave pairs on both sides', () => {
    expect(() => createTask('modular', { modulus: 96, operation: '/' })).toThrow(/prime modulus; got 96\. Use modulus=89/);
    expect(() => createTask('modular', { modulus: 3, share: 0.99 })).toThrow(/a share that leaves pairs/);
    expect(() => createTask('modular', { modulus: 3, share: 0.01 })).toThrow(/a share that leaves pairs/);
    expect(() => createTask('modular', { operation: '/' }).solve('3 / 0 =')).toThrow('the second not 0');
    expect(() => createTask('modular').solve('3 + 97 =')).toThrow('below 97');
  });
});
