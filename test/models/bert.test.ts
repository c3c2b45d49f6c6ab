import { describe, expect, test } from 'vitest';
import { loadEncoder } from '#dist/checkpoints/index.js';
import { HeadlightError, type HostArray, host } from '#dist/core/index.js';
import { lens } from '#dist/lens/index.js';
import { Bert, layerOf } from '#dist/models/index.js';
import { input, type Tensor } from '#dist/ops/index.js';
import { compile, sitesOf } from '#dist/runtime/index.js';
import { fixture, largestDifference } from '../support/arrays.js';
import { referenceOf } from './checkpoint.js';

const int32 = (rows: number[][]): HostArray => host(rows, { dtype: 'int32' });

const heads = ['masked', 'sequence', 'token', 'question'];
const folders = [...['bert', 'roberta', 'distilbert'].flatMap((family) => heads.map((head) => `${family}-${head}`)), 'minilm-tiny'];

/** Every site of a model on a reference's batch, with its mask and, where the model has them, types. */
async function sitesOn(model: Bert, reference: ReadonlyMap<string, HostArray>): Promise<Record<string, HostArray>> {
  const run = compile((ids: Tensor, mask: Tensor, types: Tensor) => {
    const out = model.forward(ids, { mask, ...(model.config.types > 1 && { types }) });
    const pooled = model.config.head.kind === 'none' && model.pooler ? { pooled: model.pooler.forward(out) } : {};
    return { ...Object.fromEntries(sitesOf([out])), ...pooled };
  });
  const [ids, mask, types] = ['ids', 'mask', 'types'].map((name) => reference.get(name) as HostArray) as [HostArray, HostArray, HostArray];
  try {
    return await run(ids, mask, types);
  } finally {
    await run.dispose();
  }
}

describe.each(folders)('%s, a checkpoint that PyTorch wrote', (name) => {
  test('every site is PyTorch’s within 1e-4', async () => {
    const model = await loadEncoder(fixture(name));
    const reference = await referenceOf(`${name}/reference.safetensors`);
    const seen = await sitesOn(model, reference);
    const named = Object.keys(seen).filter((site) => site !== 'pooled');
    const expected = [...reference.keys()].filter((site) => !['ids', 'mask', 'types'].includes(site) && !site.startsWith('reference.'));
    expect(named.sort()).toEqual(expected.sort());
    for (const site of expected) {
      expect(seen[site]?.shape, site).toEqual(reference.get(site)?.shape);
      expect(largestDifference(seen[site]?.data, reference.get(site)?.data), site).toBeLessThan(1e-4);
    }
    if (name === 'minilm-tiny') expect(largestDifference(seen.pooled?.data, reference.get('reference.pooled')?.data)).toBeLessThan(1e-4);
  });
});

test.each(['bert-masked', 'roberta-masked', 'distilbert-masked'])('%s: what fills a row up changes nothing of its tokens', async (name) => {
  const model = await loadEncoder(fixture(name));
  const reference = await referenceOf(`${name}/reference.safetensors`);
  const row = ((reference.get('ids') as HostArray).toArray() as number[][])[1]?.slice(0, 6) ?? [];
  const run = compile((ids: Tensor, mask: Tensor) => model.forward(ids, { mask }));
  const { padding, vocabulary } = model.config;
  const alone = await run(int32([row]), [row.map(() => true)]);
  const padded = await run(int32([[...row, padding, padding, padding]]), [[...row.map(() => true), false, false, false]]);
  await run.dispose();
  expect(largestDifference(padded.data.slice(0, 6 * vocabulary), alone.data)).toBeLessThan(1e-5);
});

const sizes = { vocabulary: 11, context: 8, layers: 1, heads: 2, width: 8 };

test('every token sees every other: the last changes the first', async () => {
  const model = new Bert({ ...sizes, head: { kind: 'maskedLanguage', tied: true } });
  const first = async (ids: number[]) => (await lens(model).capture(ids, 'logits')).logits?.data.slice(0, 11);
  expect(largestDifference(await first([1, 2, 3]), await first([1, 2, 4]))).toBeGreaterThan(1e-6);
});

test('a row that holds nothing gives numbers, not NaN', async () => {
  const model = new Bert(sizes);
  const run = compile((ids: Tensor, mask: Tensor) => model.forward(ids, { mask }));
  const out = await run(int32([[1, 2]]), [[false, false]]);
  await run.dispose();
  expect([...out.data].every((x) => Number.isFinite(Number(x)))).toBe(true);
});

test('what does not fit is refused in one line', () => {
  const ids = (length: number) => input('ids', [2, length], 'int32');
  const model = new Bert(sizes);
  expect(() => model.forward(ids(9))).toThrow(/at most 8 tokens/);
  expect(() => new Bert({ ...sizes, family: 'roberta' }).forward(ids(9))).toThrow(/at most 8 tokens/);
  expect(() => model.forward(ids(3), { mask: input('mask', [2, 4], 'bool') })).toThrow(/mask.*bool for every id, \[2,3\]/);
  expect(() => model.forward(ids(3), { types: input('types', [2, 3], 'float32') })).toThrow(/types.*int32/);
  const distil = new Bert({ ...sizes, family: 'distilbert' });
  expect(() => distil.forward(ids(3), { types: input('types', [2, 3], 'int32') })).toThrow(/no types/);
  expect(() => new Bert({ ...sizes, padding: 11 })).toThrow(HeadlightError);
  expect(() => new Bert({ ...sizes, head: { kind: 'token', labels: [] } })).toThrow(/labels is a whole number from 1/);
});

test('every parameter has a layer', () => {
  const model = new Bert({ ...sizes, head: { kind: 'sequence', labels: ['a', 'b'] } });
  for (const name of model.parameters().keys()) expect(layerOf(name, 1), name).toBeDefined();
});
