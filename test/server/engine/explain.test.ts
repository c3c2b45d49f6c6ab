import { expect, test } from 'vitest';
import { openFixture } from './opened.js';
import { walk } from './walk.js';

const ids = [3, 1, 4, 1, 5, 2];
/** Every kind of decoder and encoder: norms before and after, rotations, shared key heads, gates, soft caps, windows. */
const models = [
  'gpt2-tiny',
  'gpt2-untied',
  'llama-tiny',
  'mistral-tiny',
  'qwen3-tiny',
  'gemma-tiny',
  'gemma2-tiny',
  'bert-masked',
  'roberta-masked',
];

test.each(models)('%s: from a probability to the weights, every equation adds up to the number that the engine computed', async (name) => {
  const { ask, state } = await openFixture(name);
  const { run } = await ask('read.run', { model: name, prompt: { kind: 'ids', ids } });
  const seen = await walk(ask, run, { at: 'probability', index: [4, 7] }, 400);
  const kinds = new Set(seen.map(({ equation }) => equation.kind));
  expect([...kinds]).toEqual(expect.arrayContaining(['softmax', 'sum-of-products', 'norm', 'leaf']));
  expect(seen.some(({ equation }) => equation.kind === 'lookup')).toBe(true);
  expect(seen.filter(({ equation }) => equation.kind === 'operation').map(({ line }) => line)).toEqual([]);
  for (const { line, value, check } of seen) {
    expect(Math.abs(check.difference), line).toBeLessThan(1e-4 * Math.max(1, Math.abs(value)));
    expect(Number.isFinite(value), line).toBe(true);
  }
  await state.dispose();
});

test('a pattern of a decoder: masked keys are told, and its row is the softmax of its scores', async () => {
  const { ask, state } = await openFixture('gpt2-tiny');
  const { run } = await ask('read.run', { model: 'gpt2-tiny', prompt: { kind: 'ids', ids } });
  const at = 'blocks.1.attention.pattern';
  const { equation, axes, value } = await ask('explain', { run, address: { at, index: [0, 1, 3, 2] } });
  expect(axes).toEqual(['text', 'head', 'query', 'key']);
  if (equation.kind !== 'softmax') throw new Error(equation.kind);
  expect(equation.masked).toBe(ids.length - 4);
  expect(equation.over.values).toHaveLength(4);
  expect(equation.over.source.at).toBe('blocks.1.attention.scores');
  const { values } = await ask('read.tile', { run, layer: 1, head: 1, value: 'pattern', rows: [3, 4], columns: [2, 3] });
  expect(value).toBe(values.data[0]);
  const future = await ask('explain', { run, address: { at, index: [0, 1, 3, 5] } });
  expect([future.value, future.check.computed]).toEqual([0, 0]);
  await state.dispose();
});

test('the residual stream is the sum of everything that was written into it', async () => {
  const { ask, state } = await openFixture('gpt2-tiny');
  const { run } = await ask('read.run', { model: 'gpt2-tiny', prompt: { kind: 'ids', ids } });
  const { equation, value } = await ask('explain', { run, address: { at: 'blocks.1.residual.post', index: [0, 2, 5] } });
  if (equation.kind !== 'parts') throw new Error(equation.kind);
  // Token and position, then an attention and an MLP of each of two blocks.
  expect(equation.parts).toHaveLength(6);
  expect(equation.parts.map(({ address }) => address?.at)).toEqual(
    expect.arrayContaining(['blocks.0.attention.output', 'blocks.0.mlp.output', 'blocks.1.attention.output', 'blocks.1.mlp.output']),
  );
  expect(equation.parts.reduce((sum, part) => sum + part.value, 0)).toBeCloseTo(value, 5);
  await state.dispose();
});

test('an address that is none is refused, with the nearest', async () => {
  const { ask, state } = await openFixture('gpt2-tiny');
  const { run } = await ask('read.run', { model: 'gpt2-tiny', prompt: { kind: 'ids', ids } });
  const pattern = { at: 'blocks.0.attention.patern', index: [0, 0, 0, 0] };
  await expect(ask('explain', { run, address: pattern })).rejects.toThrow(/Nearest: blocks\.0\.attention\.pattern/);
  await expect(ask('explain', { run, address: { at: 'logits', index: [0, 99, 0] } })).rejects.toThrow(/an index within/);
  await state.dispose();
});
