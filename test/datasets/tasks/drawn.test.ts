import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createTask, type EvaluationBatch, type Task, type TokenBatch } from '#dist/datasets/index.js';
import { names, problemsOf } from './settings.js';

const drawn = names.filter((name) => name !== 'modular');
const batchOf = (task: Task, rows: number, seed: number, index: number, length = task.context): TokenBatch =>
  task.data().batches({ rows, length }, seed)(index) as TokenBatch;
const evaluationOf = (task: Task, rows: number): EvaluationBatch[] => [
  ...(task.data().evaluation({ rows, length: task.context }) as Iterable<EvaluationBatch>),
];

/** Tasks of few questions, so that the two sides would meet if they could. */
const few: Record<string, Task> = {
  copy: createTask('copy', { length: 3, symbols: 8 }),
  reverse: createTask('reverse', { length: 3, symbols: 8, varied: true }),
  sort: createTask('sort', { length: 3, symbols: 8 }),
  addition: createTask('addition', { digits: 1 }),
  repeat: createTask('repeat', { length: 2, symbols: 20 }),
  brackets: createTask('brackets', { length: 10 }),
};

describe.each(drawn)('%s', (name) => {
  test('a batch depends on seed and index alone', () => {
    fc.assert(
      fc.property(fc.nat(), fc.nat(100_000), (seed, index) => {
        const task = createTask(name);
        const at = task.data().batches({ rows: 4, length: task.context }, seed);
        const batch = at(index) as TokenBatch;
        at(index + 1);
        expect(at(index)).toEqual(batch);
        expect(batchOf(createTask(name), 4, seed, index)).toEqual(batch);
        expect(at(index + 1)).not.toEqual(batch);
        expect(batchOf(task, 4, seed + 1, index)).not.toEqual(batch);
      }),
      { numRuns: 20 },
    );
  });

  test('batches of another size read the same rows in the same order', () => {
    const task = createTask(name);
    const large = batchOf(task, 12, 5, 1);
    const small = [3, 4, 5].map((index) => batchOf(task, 4, 5, index));
    expect(small.flatMap((b) => [...b.inputs])).toEqual([...large.inputs]);
    expect(small.flatMap((b) => [...b.targets])).toEqual([...large.targets]);
  });

  test('longer rows hold the same problems, and padding that does not count', () => {
    const task = createTask(name);
    const exact = problemsOf(task, batchOf(task, 16, 2, 0), task.context);
    const longer = problemsOf(task, batchOf(task, 16, 2, 0, task.context + 5), task.context + 5);
    expect(longer).toEqual(exact.map((p) => ({ ...p, padding: p.padding + 5 })));
  });

  test('inputs and targets are one row shifted by one, and only the answer counts', () => {
    const task = createTask(name);
    const { inputs, targets } = batchOf(task, 32, 1, 0);
    problemsOf(task, { inputs, targets }, task.context).forEach(({ prompt, answer }, row) => {
      const ids = [...task.tokenizer.encode(prompt), ...task.tokenizer.encode(answer)];
      const at = row * task.context;
      expect([...inputs.subarray(at, at + ids.length - 1)]).toEqual(ids.slice(0, -1));
      const asked = task.tokenizer.encode(prompt).length;
      ids.slice(1).forEach((id, i) => {
        expect(targets[at + i]).toBe(i + 1 < asked ? -100 : id);
      });
    });
  });

  test('no question that is judged on is ever learned from, whatever the seed', () => {
    const task = few[name] as Task;
    const judged = new Set(evaluationOf(task, 256).flatMap((b) => problemsOf(task, b, task.context).map((p) => p.prompt)));
    const learned = new Set<string>();
    for (let seed = 0; seed < 4; seed++) {
      for (const { prompt } of problemsOf(task, batchOf(task, 2000, seed, seed), task.context)) learned.add(prompt);
    }
    expect(judged.size).toBeGreaterThan(2);
    expect(learned.size).toBeGreaterThan(judged.size);
    expect([...judged].filter((prompt) => learned.has(prompt))).toEqual([]);
    for (let i = 0; i < 50; i++) expect(learned.has(task.question(9, i).prompt)).toBe(false);
  });

  test('the evaluation is 1,024 rows, always the same, in batches of any size', () => {
    const task = createTask(name);
    const all = (rows: number) => evaluationOf(task, rows).flatMap((b) => problemsOf(task, b, b.length));
    expect(all(100)).toEqual(all(1024));
    expect(all(100).length).toBe(1024);
    expect(evaluationOf(task, 100).map((b) => b.count)).toEqual([...new Array<number>(10).fill(100), 24]);
  });

  test('rows too short for its questions are refused with the length it needs', () => {
    const task = createTask(name);
    expect(() => task.data().batches({ rows: 4, length: task.context - 1 }, 0)).toThrow(`--context ${task.context}`);
    expect(() => task.data().evaluation({ rows: 4, length: task.context - 1 })).toThrow(`--context ${task.context}`);
    expect(() => task.data().batches({ rows: 0, length: task.context }, 0)).toThrow('at least one row');
    expect(() => batchOf(task, 4, 0, -1)).toThrow('an index');
    expect(() => task.question(0, 0.5)).toThrow('an index');
  });
});

test('of a pair of numbers, both orders are on one side: an exchanged pair would not be new', () => {
  const task = createTask('addition', { digits: 2 });
  const judged = new Set(evaluationOf(task, 1024).flatMap((b) => problemsOf(task, b, task.context).map((p) => p.prompt)));
  const exchanged = [...judged].map((prompt) => prompt.replace(/(\d+)\+(\d+)/, '$2+$1'));
  const learned = new Set(problemsOf(task, batchOf(task, 20_000, 1, 0), task.context).map((p) => p.prompt));
  expect(exchanged.filter((prompt) => learned.has(prompt))).toEqual([]);
});

test('operands and symbols are drawn evenly', () => {
  const counts = new Array<number>(10).fill(0);
  const task = createTask('copy');
  for (const { prompt } of problemsOf(task, batchOf(task, 5000, 1, 0), task.context)) {
    for (const c of prompt.slice(0, -1)) counts[Number(c)] = (counts[Number(c)] as number) + 1;
  }
  for (const count of counts) expect(Math.abs(count - 4000)).toBeLessThan(5 * Math.sqrt(4000)); // five standard deviations
});

test('varied sequences have every length alike', () => {
  const task = createTask('reverse', { varied: true });
  const lengths = new Map<number, number>();
  for (const { prompt } of problemsOf(task, batchOf(task, 4000, 1, 0), task.context)) {
    lengths.set(prompt.length - 1, (lengths.get(prompt.length - 1) ?? 0) + 1);
  }
  expect([...lengths.keys()].sort((a, b) => a - b)).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
  for (const length of [4, 5, 6, 7, 8]) expect(Math.abs((lengths.get(length) as number) - 500)).toBeLessThan(120);
});

test('blocks that repeat have every length from half to whole, of different symbols', () => {
  const task = createTask('repeat');
  const lengths = new Set<number>();
  for (const { prompt } of problemsOf(task, batchOf(task, 400, 1, 0), task.context)) {
    lengths.add(prompt.length - 1);
    expect(new Set(prompt.slice(0, -1)).size).toBe(prompt.length - 1);
    expect(prompt.at(-1)).toBe(prompt[0]);
  }
  expect([...lengths].sort((a, b) => a - b)).toEqual([8, 9, 10, 11, 12, 13, 14, 15, 16]);
});
