import { expect, test } from 'vitest';
import type { Address } from '#dist/server/protocol/index.js';
import { openFixture } from './opened.js';
import { numberOf } from './run-code.js';

const ids = [3, 1, 4, 1, 5, 2];
const pattern = 'blocks.1.attention.pattern';
const cases: readonly (readonly [model: string, address: Address])[] = [
  ['gpt2-tiny', { at: 'probability', index: [4, 7] }],
  ['gpt2-tiny', { at: pattern, index: [0, 1, 3, 2] }],
  ['gpt2-tiny', { at: pattern, index: [0, 1, 3, 5] }], // masked
  ['gpt2-tiny', { at: 'blocks.1.attention.scores', index: [0, 0, 4, 1] }],
  ['gpt2-tiny', { at: 'blocks.1.attention.query', index: [0, 0, 4, 1] }], // through a norm without a name
  ['gpt2-tiny', { at: 'blocks.0.attention.mixed', index: [0, 5, 1, 3] }],
  ['gpt2-tiny', { at: 'blocks.1.residual.post', index: [0, 2, 5] }],
  ['gpt2-tiny', { at: 'blocks.0.mlp.post', index: [0, 2, 5] }],
  ['gpt2-tiny', { at: 'embed', index: [0, 2, 5] }],
  ['gpt2-tiny', { at: 'parameter:blocks.0.norm1.weight', index: [3] }],
  ['llama-tiny', { at: 'blocks.1.attention.query', index: [0, 1, 3, 2] }], // turned
  ['llama-tiny', { at: 'blocks.0.mlp.post', index: [0, 3, 2] }], // gated
  ['llama-tiny', { at: 'logits', index: [0, 3, 2] }],
  ['bert-masked', { at: 'blocks.1.residual.mid', index: [0, 3, 2] }],
];

test.each(cases)('%s, %o: the code that the studio gives runs, and gives the number', async (model, address) => {
  const { ask, state } = await openFixture(model);
  const { run } = await ask('read.run', { model, prompt: { kind: 'ids', ids } });
  const { value } = await ask('explain', { run, address });
  const { code } = await ask('explain.code', { run, address });
  expect(code).toMatch(/from 'headlightjs\/checkpoints'/);
  const computed = await numberOf(code);
  expect(Math.abs(computed - value), code).toBeLessThan(2e-5 * Math.max(1, Math.abs(value)));
  await state.dispose();
});

test('under changes, the code makes them too', async () => {
  const model = 'gpt2-tiny';
  const { ask, state } = await openFixture(model);
  const prompt = { kind: 'ids', ids } as const;
  const { run } = await ask('read.run', { model, prompt });
  const { intervention, label } = await ask('change.weight', { run, layer: 0, head: 1, query: 3, key: 1, weight: 0.6 });
  const changed = await ask('read.run', { model, prompt, changes: [{ id: 'a', name: label, isOn: true, intervention }] });
  for (const address of [
    { at: 'logits', index: [0, 3, 2] },
    { at: 'blocks.0.attention.pattern', index: [0, 1, 3, 1] },
  ]) {
    const { value } = await ask('explain', { run: changed.run, address });
    const { code } = await ask('explain.code', { run: changed.run, address });
    expect(await numberOf(code)).toBeCloseTo(value, 5);
  }
  await state.dispose();
});
