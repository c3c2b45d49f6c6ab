import { expect, test } from 'vitest';
import { SelfAttention } from '#dist/attention/index.js';
import { currentPath, HeadlightError } from '#dist/core/index.js';
import { child, children, Linear, Module } from '#dist/nn/index.js';

class Block extends Module {
  readonly attention: SelfAttention;

  constructor(heads: number) {
    super();
    this.attention = child('attention', () => new SelfAttention({ width: 4, heads }));
  }
}

class Stack extends Module {
  readonly blocks: Block[];

  constructor(heads: readonly number[]) {
    super();
    this.blocks = children('blocks', heads.length, (i) => new Block(heads[i] as number));
  }
}

test('children are built one by one, in order, and are ordinary fields', () => {
  const stack = new Stack([1, 2, 4]);
  expect(stack.blocks.map((block) => block.attention.heads)).toEqual([1, 2, 4]);
  expect(stack.blocks[2]?.attention.path).toBe('blocks.2.attention');
});

test('a child that refuses its options is named, however deep', () => {
  expect(() => new Stack([1, 3])).toThrow(
    expect.objectContaining({
      path: 'blocks.1.attention',
      message: expect.stringMatching(
        /^self-attention at blocks\.1\.attention: a number of heads that divides the width; got width 4, heads 3\./,
      ),
    }),
  );
});

test('from the outermost module on', () => {
  const encoder = () => child('encoder', () => new Stack([3]));
  expect(encoder).toThrow(expect.objectContaining({ path: 'encoder.blocks.0.attention' }));
});

test('after a failure, and after a success, nothing is left of the path', () => {
  expect(() => new Stack([3])).toThrow(HeadlightError);
  expect(currentPath()).toBe('');
  new Stack([1]);
  expect(currentPath()).toBe('');
  expect(() => new SelfAttention({ width: 4, heads: 3 })).toThrow(/^self-attention: /);
});

test('a model written without them says in which classes it was, in its stack', () => {
  class Plain extends Module {
    readonly up = new Linear(4, 4);
    readonly attention: SelfAttention;
    constructor() {
      super();
      this.attention = new SelfAttention({ width: 4, heads: 3 });
    }
  }
  class Whole extends Module {
    readonly parts = [new Plain()];
  }
  const found = caught(() => new Whole());
  expect(found.message).toMatch(/^self-attention: a number of heads/);
  expect(found.path).toBeUndefined();
  expect(found.stack).toMatch(/new SelfAttention.*new Plain.*new Whole/s);
});

function caught(act: () => unknown): HeadlightError {
  try {
    act();
  } catch (error) {
    if (error instanceof HeadlightError) return error;
  }
  throw new Error('nothing was refused');
}
