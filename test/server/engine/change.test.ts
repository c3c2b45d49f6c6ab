import { expect, test } from 'vitest';
import { loadModel } from '#dist/checkpoints/index.js';
import { cut, lens, zero } from '#dist/lens/index.js';
import type { Address, Change, Proposal } from '#dist/server/protocol/index.js';
import { openFixture } from './opened.js';

const model = 'gpt2-tiny';
const ids = [3, 1, 4, 1, 5, 2];
const prompt = { kind: 'ids', ids } as const;
const site = 'blocks.1.attention.pattern';

function on({ intervention, label }: Proposal): Change {
  return { id: label, name: label, isOn: true, intervention };
}

test('a cut edge and a head that is off give what the lens gives for the same interventions', async () => {
  const { ask, state, path } = await openFixture(model);
  const { run } = await ask('read.run', { model, prompt });
  const edge = on(await ask('change.cut', { run, layer: 1, head: 1, edges: [[4, 2]] }));
  const head = on(await ask('change.ablate', { run, what: 'head', layer: 0, head: 1 }));
  const changed = await ask('read.run', { model, prompt, changes: [edge, head] });
  const { shape, values } = await ask('read.site', { run: changed.run, site: 'logits' });
  const view = lens(await loadModel(path)).with([
    cut(site, [[4, 2]], { heads: [1], renormalise: true }),
    zero('blocks.0.attention.mixed', { heads: [1] }),
  ]);
  const seen = await view.capture(ids, `logits, ${site}`);
  expect(shape).toEqual(seen.logits?.shape);
  expect(Array.from(values.data)).toEqual(Array.from(seen.logits?.data as Float32Array));
  const row = await ask('read.line', { run: changed.run, layer: 1, head: 1, value: 'pattern', token: 4, along: 'row' });
  expect(row.values[2]).toBe(0);
  expect(row.values.reduce((a, b) => a + b, 0)).toBeCloseTo(1, 6);
  // Off again, it is the first run.
  const off = await ask('read.run', { model, prompt, changes: [{ ...edge, isOn: false }] });
  expect(off.run).toBe(run);
  await view.dispose();
  await state.dispose();
});

test('a weight that is dragged is the weight, and its row keeps its sum', async () => {
  const { ask, state } = await openFixture(model);
  const { run } = await ask('read.run', { model, prompt });
  const before = await ask('read.line', { run, layer: 0, head: 1, value: 'pattern', token: 3, along: 'row' });
  const dragged = on(await ask('change.weight', { run, layer: 0, head: 1, query: 3, key: 1, weight: 0.75 }));
  const changed = await ask('read.run', { model, prompt, changes: [dragged] });
  const after = await ask('read.line', { run: changed.run, layer: 0, head: 1, value: 'pattern', token: 3, along: 'row' });
  expect(after.values[1]).toBe(0.75);
  expect(after.values.reduce((a, b) => a + b, 0)).toBeCloseTo(1, 6);
  expect((after.values[0] as number) / (after.values[2] as number)).toBeCloseTo(
    (before.values[0] as number) / (before.values[2] as number),
    4,
  );
  expect(Array.from(after.values.subarray(4))).toEqual([0, 0]);
  await state.dispose();
});

test('patching everything of another prompt at the last position gives its prediction', async () => {
  const { ask, state } = await openFixture(model);
  const { run, attention } = await ask('read.run', { model, prompt });
  const other = { kind: 'ids', ids: [7, 2, 9, 1, 8, 6] } as const;
  const chip = on(await ask('change.patch', { run, from: other, site: `blocks.${attention.length - 1}.residual.post`, position: 5 }));
  const patched = await ask('read.run', { model, prompt, changes: [chip] });
  const theirs = await ask('read.run', { model, prompt: other });
  const [a, b] = [await ask('read.next', { run: patched.run, count: 3 }), await ask('read.next', { run: theirs.run, count: 3 })];
  expect(a.candidates.map(({ id }) => id)).toEqual(b.candidates.map(({ id }) => id));
  a.candidates.forEach(({ probability }, i) => {
    expect(probability).toBeCloseTo(b.candidates[i]?.probability ?? Number.NaN, 6);
  });
  await state.dispose();
});

test('a mean of a head is the mean over its tokens; changes explain themselves', async () => {
  const { ask, state } = await openFixture(model);
  const { run } = await ask('read.run', { model, prompt });
  const mixed = await ask('read.site', { run, site: 'blocks.0.attention.mixed' });
  const chip = on(await ask('change.ablate', { run, what: 'head', layer: 0, head: 1, with: 'mean' }));
  const changed = await ask('read.run', { model, prompt, changes: [chip] });
  const now = await ask('read.site', { run: changed.run, site: 'blocks.0.attention.mixed' });
  const [, tokens, heads, width] = mixed.shape as [number, number, number, number];
  const at = (data: Float32Array, t: number, h: number, d: number) => data[(t * heads + h) * width + d] as number;
  const mean = Array.from({ length: tokens }, (_, t) => at(mixed.values.data, t, 1, 2)).reduce((a, b) => a + b, 0) / tokens;
  expect(at(now.values.data, 3, 1, 2)).toBeCloseTo(mean, 6);
  expect(at(now.values.data, 3, 0, 2)).toBe(at(mixed.values.data, 3, 0, 2));
  const told = await ask('explain', { run: changed.run, address: { at: 'blocks.0.attention.mixed', index: [0, 3, 1, 2] } });
  if (told.equation.kind !== 'changed') throw new Error(told.equation.kind);
  expect([told.equation.change, told.equation.before.value]).toEqual([chip.name, at(mixed.values.data, 3, 1, 2)]);
  // What was there goes on being explained, and so does what is not changed.
  const before = await ask('explain', { run: changed.run, address: told.equation.before.address as Address });
  expect([before.equation.kind, Math.abs(before.check.difference) < 1e-6]).toEqual(['sum-of-products', true]);
  const other = await ask('explain', { run: changed.run, address: { at: 'blocks.0.attention.mixed', index: [0, 3, 0, 2] } });
  expect(other.equation.kind).toBe('sum-of-products');
  await state.dispose();
});

test('changes are written as the file that the lens replays, and read again; a file of another model is refused', async () => {
  const { ask, state } = await openFixture(model);
  const { run } = await ask('read.run', { model, prompt });
  const chips = [
    on(await ask('change.cut', { run, layer: 1, head: 1, edges: [[4, 2]] })),
    on(await ask('change.weight', { run, layer: 0, head: 1, query: 3, key: 1, weight: 0.5 })),
  ];
  const { json } = await ask('change.write', { model, changes: chips });
  const { changes } = await ask('change.read', { model, json });
  expect(changes.map(({ name }) => name)).toEqual(chips.map(({ name }) => name));
  const [before, after] = [await ask('read.run', { model, prompt, changes: chips }), await ask('read.run', { model, prompt, changes })];
  const logits = async (key: string) => Array.from((await ask('read.site', { run: key, site: 'logits' })).values.data);
  expect(await logits(after.run)).toEqual(await logits(before.run));
  await expect(ask('change.read', { model, json: json.replaceAll('blocks.1.', 'blocks.9.') })).rejects.toThrow(
    /a model with the site blocks\.9/,
  );
  await expect(ask('change.read', { model, json: '{' })).rejects.toThrow(/a file of JSON/);
  await state.dispose();
});

test('generation under a change differs from generation without, and follows the changed predictions', async () => {
  const { ask, state } = await openFixture(model);
  const { run } = await ask('read.run', { model, prompt });
  const chip = on(await ask('change.ablate', { run, what: 'site', at: 'blocks.1.mlp.output' }));
  const plain = await ask('read.generate', { model, prompt, maxNewTokens: 4, temperature: 0 });
  const changed = await ask('read.generate', { model, prompt, maxNewTokens: 4, temperature: 0, changes: [chip] });
  const first = await ask('read.run', { model, prompt, changes: [chip] });
  const { candidates } = await ask('read.next', { run: first.run, count: 1 });
  expect(changed.ids[ids.length]).toBe(candidates[0]?.id);
  expect(plain.ids.slice(0, ids.length)).toEqual(ids);
  await state.dispose();
});
