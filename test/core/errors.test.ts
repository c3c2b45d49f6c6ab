import { expect, test } from 'vitest';
import { fail, HeadlightError, withPath } from '#dist/core/index.js';

test('a message says where, at which module, the rule, what came, and what to do', () => {
  const parts = { where: 'matmul', path: 'blocks.3.mlp', rule: 'inner sizes must be equal', got: 'a=[2,3] float32', fix: 'Transpose one' };
  const error = fail('shape', parts);
  expect(error.message).toBe('matmul at blocks.3.mlp: inner sizes must be equal; got a=[2,3] float32. Transpose one.');
  expect(error).toMatchObject({ code: 'shape', expected: parts.rule, got: parts.got, path: parts.path, name: 'HeadlightError' });
  expect(error).toBeInstanceOf(HeadlightError);
  expect(error).toBeInstanceOf(Error);
});

test('missing parts leave no trace', () => {
  expect(fail('value', { where: 'f', rule: 'a number' }).message).toBe('f: a number.');
  expect(fail('value', { where: 'f', path: '', rule: 'a number', got: '' }).message).toBe('f: a number; got .');
  expect('cause' in fail('value', { where: 'f', rule: 'r' })).toBe(false);
});

test('the module that is being built or traced is named, unless another is', () => {
  const [plain, told] = withPath('blocks.0.attention', () => [
    fail('value', { where: 'f', rule: 'a number' }),
    fail('value', { where: 'f', path: 'mlp', rule: 'a number' }),
  ]);
  expect(plain).toMatchObject({ path: 'blocks.0.attention', message: 'f at blocks.0.attention: a number.' });
  expect(told).toMatchObject({ path: 'mlp', message: 'f at mlp: a number.' });
  expect(fail('value', { where: 'f', rule: 'a number' }).path).toBeUndefined();
});

test('another error as what came ends the sentence itself', () => {
  expect(fail('value', { where: 'f', rule: 'r', got: fail('value', { where: 'g', rule: 's' }).message }).message).toBe('f: r; got g: s.');
});

test('a fix ends as a sentence, once', () => {
  for (const [fix, end] of [
    ['Do it', 'Do it.'],
    ['Do it.', 'Do it.'],
    ['Really?', 'Really?'],
    ['Now!', 'Now!'],
  ])
    expect(fail('value', { where: 'f', rule: 'r', fix: fix as string }).message).toBe(`f: r. ${end}`);
});

test('the cause is kept', () => {
  const cause = new Error('inner');
  expect(fail('engine', { where: 'f', rule: 'r', cause }).cause).toBe(cause);
});
