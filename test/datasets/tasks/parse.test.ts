import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { HeadlightError } from '#dist/core/index.js';
import { createTask, parseTask, rangeOf, tasks } from '#dist/datasets/index.js';
import { anyTask, names } from './settings.js';

function messageOf(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    if (error instanceof HeadlightError) return `${error.code}: ${error.message}`;
    throw error;
  }
  return 'no error';
}

describe('parseTask', () => {
  test('a name alone has every default; options stand after a colon', () => {
    expect(parseTask('sort').settings).toEqual({ length: 8, symbols: 10, varied: false });
    expect(parseTask('sort:length=12,symbols=26').settings).toEqual({ length: 12, symbols: 26, varied: false });
    expect(parseTask(' modular : modulus = 113 , share = .5 ').settings).toEqual({ modulus: 113, operation: '+', share: 0.5, split: 0 });
    expect(parseTask('copy:').settings).toEqual(createTask('copy').settings);
    expect(parseTask('reverse:varied').settings.varied).toBe(true);
    expect(parseTask('reverse:varied=true').settings.varied).toBe(true);
    expect(parseTask('addition:reversed=false').settings.reversed).toBe(false);
  });

  test('operations have the spellings that people use', () => {
    for (const [written, meant] of Object.entries({ '+': '+', '-': '-', '−': '-', '×': '*', '÷': '/', multiply: '*' })) {
      expect(parseTask(`modular:operation=${written}`).settings.operation).toBe(meant);
    }
  });

  test.each(names)('%s: the task as text makes the same task', (name) => {
    fc.assert(
      fc.property(anyTask(name), (task) => {
        const again = parseTask(task.spec);
        expect(again.settings).toEqual(task.settings);
        expect(again.spec).toBe(task.spec);
        expect(again.question(1, 2)).toEqual(task.question(1, 2));
      }),
      { numRuns: 20 },
    );
  });

  test.each([
    ['srot', 'name: task: tasks are copy, reverse, sort, addition, modular, repeat, brackets; got "srot". Did you mean sort?'],
    ['', 'name: task: tasks are copy'],
    ['constructor', 'name: task: tasks are'],
    ['sort:lenght=8', 'got "lenght". Did you mean length?'],
    ['sort:lenght=8', 'options are length (a whole number from 1 to 512), symbols (a whole number from 2 to 62), varied (true or false)'],
    ['sort:__proto__=8', 'got "__proto__"'],
    ['sort:length=0', 'value: task sort: length is a whole number from 1 to 512; got 0. Its default is length=8.'],
    ['sort:length=513', 'got 513'],
    ['sort:length=2.5', 'got 2.5'],
    ['sort:length=8x', 'got 8x'],
    ['sort:length=0x10', 'got 0x10'],
    ['sort:length=', 'got nothing'],
    ['sort:length', 'got true'],
    ['sort:length=8,length=9', 'each option once; got length twice'],
    ['sort:varied=yes', 'varied is true or false; got yes'],
    ['modular:share=0', 'share is a number between 0 and 1; got 0'],
    ['modular:share=1', 'got 1'],
    ['modular:share=NaN', 'got NaN'],
    ['modular:operation=%', 'operation is one of + - * /; got %'],
    ['modular:operation=multply', 'got multply'],
    ['copy:length=1', 'at least 100 different questions; got 10. Use a larger length or more symbols.'],
    ['repeat:length=20,symbols=10', 'symbols is at least length'],
  ])('%s is refused in one line', (text, message) => {
    const got = messageOf(() => parseTask(text));
    expect(got).toContain(message);
    expect(got).not.toContain('\n');
  });
});

test('settings may be numbers, words and switches, or their text; nothing else', () => {
  expect(createTask('sort', { length: 9, varied: true }).settings).toEqual(createTask('sort', { length: '9', varied: 'true' }).settings);
  for (const bad of [null, Number.NaN, [], {}, 1n])
    expect(messageOf(() => createTask('sort', { length: bad }))).toContain('value: task sort: length');
  expect(createTask('sort', { length: undefined }).settings.length).toBe(8);
});

test('every option says what it takes, and its default is of that kind', () => {
  for (const { name, doc, options, create } of Object.values(tasks)) {
    expect(doc.length).toBeGreaterThan(10);
    for (const [option, { default: value }] of Object.entries(options)) {
      expect(rangeOf(options[option] as never).length).toBeGreaterThan(5);
      expect(create({ [option]: String(value) }).settings[option], `${name} ${option}`).toBe(value);
    }
  }
});

test('a preset is a run that can be made: heads divide the width, the rate ends no higher than its peak', () => {
  for (const { preset } of Object.values(tasks)) {
    expect(preset.width % preset.heads).toBe(0);
    expect(preset.minLr).toBeLessThanOrEqual(preset.lr);
    expect(preset.warmup).toBeLessThan(preset.steps);
    expect(preset.steps % preset.evalEvery).toBe(0);
    expect(preset.lr * preset.weightDecay).toBeLessThan(1);
  }
});

test('repeats is another name of repeat', () => {
  expect(parseTask('repeats:length=8').spec).toBe(parseTask('repeat:length=8').spec);
});
