import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createTask, isRightAnswer, tasks } from '#dist/datasets/index.js';
import { oracles } from './oracles.js';
import { anyTask, names, problemsOf } from './settings.js';

describe.each(names)('%s', (name) => {
  test('what is asked, learned from and judged on has the right answer, whatever the settings', () => {
    fc.assert(
      fc.property(anyTask(name), fc.nat(), fc.nat(1000), (task, seed, index) => {
        const shape = { rows: 8, length: task.context };
        const data = task.data();
        // The first batch alone: the others are drawn when they are asked for.
        const [judged] = data.evaluation(shape) as Iterable<{ inputs: Int32Array; targets: Int32Array; count: number }>;
        const batch = data.batches(shape, seed)(index) as { inputs: Int32Array; targets: Int32Array };
        const all = [task.question(seed, index), ...problemsOf(task, batch, task.context)].concat(
          judged === undefined ? [] : problemsOf(task, judged, task.context),
        );
        for (const { prompt, answer } of all) {
          if (name === 'modular' && prompt === '') continue; // more rows than pairs
          expect(answer, prompt).toBe(oracles[name](prompt, task));
          expect(task.solve(prompt)).toBe(answer);
          expect(isRightAnswer(task, { prompt, answer })).toBe(true);
          expect(isRightAnswer(task, { prompt, answer: `${answer}0` })).toBe(false);
        }
      }),
      { numRuns: 40 },
    );
  });

  test('text and tokens say the same: prompts are encoded, answers decoded, and rows are no longer than the context', () => {
    fc.assert(
      fc.property(anyTask(name), fc.nat(), (task, seed) => {
        const { prompt, answer } = task.question(seed, 0);
        const separator = name === 'modular' ? ' ' : '';
        const ids = task.tokenizer.encode(`${prompt}${separator}${answer}`);
        expect(task.tokenizer.decode(ids)).toBe(`${prompt}${separator}${answer}`);
        expect(ids.length - 1).toBeLessThanOrEqual(task.context);
        expect(ids.every((id) => id >= 0 && id < task.tokenizer.size)).toBe(true);
      }),
      { numRuns: 40 },
    );
  });

  test('the smallest settings either are refused when the task is made, or have questions for both sides', () => {
    const { options, create } = tasks[name];
    const ends = Object.entries(options).map(([n, option]) => {
      const values =
        option.kind === 'integer'
          ? [option.min, option.min + 1, option.default]
          : option.kind === 'switch'
            ? [false, true]
            : [option.default];
      return values.map((value) => [n, value] as const);
    });
    const combinations = ends.reduce<(readonly (readonly [string, unknown])[])[]>(
      (all, next) => all.flatMap((some) => next.map((one) => [...some, one])),
      [[]],
    );
    let made = 0;
    for (const combination of combinations) {
      let task: ReturnType<typeof create>;
      try {
        task = create(Object.fromEntries(combination));
      } catch (error) {
        expect(String(error)).toMatch(/at least/);
        continue;
      }
      made++;
      const shape = { rows: 64, length: task.context };
      task.data().batches(shape, 1)(0);
      expect([...(task.data().evaluation(shape) as Iterable<unknown>)].length).toBeGreaterThan(0);
    }
    expect(made).toBeGreaterThan(0);
  });

  test('prompts to try a model with are questions of the task, kept from learning', () => {
    const task = createTask(name);
    expect(task.prompts.length).toBe(3);
    const learned = new Set(
      Array.from({ length: 20 }, (_, i) =>
        problemsOf(task, task.data().batches({ rows: 100, length: task.context }, 3)(i) as never, task.context).map((p) => p.prompt),
      ).flat(),
    );
    for (const prompt of task.prompts) {
      expect(task.solve(prompt)).toBe(oracles[name](prompt, task));
      expect(learned.has(prompt)).toBe(false);
    }
  });

  test('a prompt of another form is refused', () => {
    const task = createTask(name);
    for (const prompt of ['', '=', 'x', `${task.prompts[0]}${task.prompts[0]}`, `${task.prompts[0]?.slice(0, -1)}`, '😀😀😀=']) {
      expect(() => task.solve(prompt)).toThrow(/a prompt/);
    }
  });
});

test('defaults read as the field writes them', () => {
  const forms = {
    copy: /^\d{8}=$/,
    reverse: /^\d{8}=$/,
    sort: /^\d{8}=$/,
    addition: /^\d{3}\+\d{3}=$/,
    modular: /^\d+ \+ \d+ =$/,
    repeat: /^[0-9A-Za-z]{9,17}$/,
    brackets: /^[()]{10,20}=$/,
  };
  for (const name of names) for (const prompt of createTask(name).prompts) expect(prompt).toMatch(forms[name]);
});

test('sorting is by the alphabet’s order: digits, capitals, small letters', () => {
  expect(createTask('sort', { length: 5, symbols: 62 }).solve('zA9a0=')).toBe('09Aaz');
});

test('the answer of a sum begins with its lowest digit, or its highest', () => {
  expect(createTask('addition').solve('123+989=')).toBe('2111');
  expect(createTask('addition', { reversed: false }).solve('123+989=')).toBe('1112');
  expect(createTask('addition').solve('001+002=')).toBe('3000');
});
