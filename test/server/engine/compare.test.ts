import { expect, test } from 'vitest';
import { loadModel } from '#dist/checkpoints/index.js';
import { lens, restored, scoreHeads, sweep } from '#dist/lens/index.js';
import type { EventOf, SweepBy } from '#dist/server/protocol/index.js';
import { openFixture } from './opened.js';

const model = 'gpt2-tiny';
const clean = [3, 1, 4, 1, 5, 2];
const corrupted = [3, 1, 7, 1, 5, 2];
const metric = { kind: 'logit-difference', token: 9, against: 4 } as const;
const by: readonly (readonly [SweepBy, string, readonly ('layer' | 'head' | 'position')[]])[] = [
  ['head', '*attention.mixed', ['layer', 'head']],
  ['layer-position', '*residual.post', ['layer', 'position']],
  ['head-position', '*attention.mixed', ['layer', 'head', 'position']],
];

test.each(by)('what matters, by %s: every cell is what the lens’s own sweep gives', async (kind, site, axes) => {
  const { ask, state, path } = await openFixture(model);
  const a = await ask('read.run', { model, prompt: { kind: 'ids', ids: clean } });
  const b = await ask('read.run', { model, prompt: { kind: 'ids', ids: corrupted } });
  const spec = { clean: a.run, corrupted: b.run, by: kind, metric };
  const cost = await ask('compare.cost', spec);
  const events: EventOf<'compare.sweep'>[] = [];
  const { values, done, total } = await ask('compare.sweep', spec, events);
  expect([done, total, cost.cells]).toEqual([values.data.length, values.data.length, values.data.length]);
  const view = lens(await loadModel(path));
  const result = await sweep(view, {
    ...{ kind: 'activation', clean, corrupted, site, by: axes },
    metric: { kind: 'logitDifference', token: 9, against: 4 },
  });
  const shares = restored(result, 'activation').values;
  expect(values.shape).toEqual(shares.shape);
  values.data.forEach((share, i) => {
    expect(share).toBeCloseTo(shares.data[i] as number, 4);
  });
  expect(events.flatMap(({ cells }) => cells)).toHaveLength(total);
  expect(events[0]?.clean).toBeCloseTo(result.source ?? Number.NaN, 4);
  await view.dispose();
  await state.dispose();
});

test('the most promising cells come first, and a sweep that is cancelled ends', async () => {
  const { ask, state } = await openFixture(model);
  const a = await ask('read.run', { model, prompt: { kind: 'ids', ids: clean } });
  const b = await ask('read.run', { model, prompt: { kind: 'ids', ids: corrupted } });
  const spec = { clean: a.run, corrupted: b.run, by: 'head-position', metric } as const;
  const events: EventOf<'compare.sweep'>[] = [];
  const all = await ask('compare.sweep', spec, events);
  const effect = (cells: readonly { regained: number }[]) =>
    cells.reduce((sum, { regained }) => sum + Math.abs(regained), 0) / cells.length;
  const told = events.flatMap(({ cells }) => cells);
  expect(effect(told.slice(0, 8))).toBeGreaterThan(2 * effect(told.slice(-16)));
  const some = await ask('compare.sweep', { ...spec, limit: 10 });
  expect([some.done, Array.from(some.values.data).filter((x) => !Number.isNaN(x)).length]).toEqual([10, 10]);
  expect(all.total).toBeGreaterThan(10);
  const stop = new AbortController();
  stop.abort();
  await expect(ask('compare.sweep', spec, [], stop.signal)).rejects.toThrow(/abort/i);
  const longer = await ask('read.run', { model, prompt: { kind: 'ids', ids: [...clean, 8] } });
  await expect(ask('compare.cost', { ...spec, clean: longer.run })).rejects.toThrow(/as many tokens/);
  await state.dispose();
});

test('alignment pairs the tokens that both have; predictions and heads are compared', async () => {
  const { ask, state } = await openFixture(model);
  const a = await ask('read.run', { model, prompt: { kind: 'ids', ids: clean } });
  const b = await ask('read.run', { model, prompt: { kind: 'ids', ids: [3, 1, 8, 4, 1, 2] } });
  const shorter = await ask('read.run', { model, prompt: { kind: 'ids', ids: [3, 4, 1, 2] } });
  expect((await ask('compare.align', { a: a.run, b: shorter.run })).pairs).toEqual([[0, 0], [2, 1], [3, 2], [5, 3]]); // biome-ignore format: pairs
  expect((await ask('compare.align', { a: a.run, b: shorter.run })).onlyA).toEqual([1, 4]);
  const { rows, divergence } = await ask('compare.next', { a: a.run, b: b.run, count: 5 });
  const own = await ask('read.next', { run: a.run, count: 64 });
  expect(rows[0]?.a).toBeCloseTo(own.candidates.find(({ id }) => id === rows[0]?.id)?.probability ?? Number.NaN, 9);
  expect(divergence).toBeGreaterThan(0);
  const { layers } = await ask('compare.heads', { a: a.run, b: a.run });
  expect(layers.flatMap((heads) => Array.from(heads)).every((x) => x === 0)).toBe(true);
  await state.dispose();
});

test('scores of heads are the lens’s own', async () => {
  const { ask, state, path } = await openFixture(model);
  const { columns, heads } = await ask('heads.scores', { model });
  const scores = await scoreHeads(await loadModel(path));
  expect(columns.map(({ name }) => name)).toEqual(scores.axes[2]?.labels);
  const { layer, head, scores: row } = heads[3] as (typeof heads)[number];
  row.forEach((score, i) => {
    const expected = scores.at(`blocks.${layer}.attention`, head, columns[i]?.name ?? '');
    if (score === null) expect(expected).toBeNaN();
    else expect(score).toBeCloseTo(expected, 9);
  });
  await state.dispose();
});

test('a card says where its numbers come from, and what is seen', async () => {
  const { ask, state } = await openFixture(model);
  const { run } = await ask('read.run', { model, prompt: { kind: 'ids', ids: clean } });
  const { intervention, label } = await ask('change.ablate', { run, what: 'head', layer: 0, head: 0 });
  const changed = await ask('read.run', {
    model,
    prompt: { kind: 'ids', ids: clean },
    changes: [{ id: 'a', name: label, isOn: true, intervention }],
  });
  const { provenance, description } = await ask('keep.card', { run: changed.run, layer: 1, head: 1, token: 3 });
  expect(provenance.hash).toMatch(/^[0-9a-f]{64}$/);
  expect(provenance.changes).toEqual([label]);
  expect(JSON.parse(provenance.changesJson).interventions).toHaveLength(1);
  expect(description.join(' ')).toMatch(/Layer 1, head 1 gives, on average over 5 queries, \d+% of its attention to the/);
  await state.dispose();
});
