import { expect, test } from 'vitest';
import type { Tensor } from '#dist/ops/index.js';
import { compile, memory, own } from '#dist/runtime/index.js';

test('bytes are listed by kind, until given up; giving up twice is harmless', () => {
  const [a, b] = [own({ kind: 'test owner', bytes: 10 }), own({ kind: 'test owner', bytes: 5 })];
  expect(memory()['test owner']).toEqual({ count: 2, bytes: 15 });
  a();
  a();
  expect(memory()['test owner']).toEqual({ count: 1, bytes: 5 });
  b();
  expect(memory()['test owner']).toBeUndefined();
});

test('making, running and disposing programs leaves nothing behind', async () => {
  const before = memory();
  for (let i = 1; i <= 10; i++) {
    const f = compile((x: Tensor) => x.mul(2).softmax());
    await f(new Array<number>(i).fill(1));
    await f.dispose();
  }
  expect(memory()).toEqual(before);
});
