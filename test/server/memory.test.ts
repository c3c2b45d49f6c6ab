import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, test } from 'vitest';
import { memory } from '#dist/runtime/index.js';
import { openFixture } from './engine/opened.js';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

test('130 edits leave no more behind than 60 do', { timeout: 120_000 }, async () => {
  const { ask, state } = await openFixture('gpt2-tiny');
  const model = 'gpt2-tiny';
  const edit = async (n: number): Promise<void> => {
    const ids = Array.from({ length: 4 + (n % 9) }, (_, i) => (n * 7 + i * 3) % 60);
    const { run } = await ask('read.run', { model, prompt: { kind: 'ids', ids } });
    const { intervention, label } = await ask('change.cut', { run, layer: n % 2, head: 0, edges: [[3, n % 3]] });
    const changes = [{ id: 'a', name: label, isOn: true, intervention }];
    const changed = await ask('read.run', { model, prompt: { kind: 'ids', ids }, changes });
    await ask('read.thumbnails', { run: changed.run, value: 'pattern', size: 16 }, []);
    await ask('read.next', { run: changed.run, count: 5 });
    await ask('explain', { run, address: { at: 'blocks.0.attention.scores', index: [0, 0, 1, n % 2] } });
  };
  const sizes = async (from: number, to: number) => {
    for (let n = from; n < to; n++) await edit(n);
    collect();
    return { heap: process.memoryUsage().heapUsed / 2 ** 20, programs: memory().program?.count ?? 0, values: state.values.count };
  };
  // Each edit is two runs: after 60 there have been more than are kept.
  const early = await sizes(0, 60);
  const late = await sizes(60, 130);
  expect(late.programs).toBeLessThanOrEqual(30);
  expect(late.programs).toBeLessThanOrEqual(early.programs + 2);
  expect(state.runs).toBeLessThanOrEqual(100);
  expect(state.values.size).toBeLessThanOrEqual(384 * 2 ** 20);
  expect(late.heap).toBeLessThan(early.heap + 28);
  await state.dispose();
});
