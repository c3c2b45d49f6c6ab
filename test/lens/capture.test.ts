import { expect, test } from 'vitest';
import { HostArray } from '#dist/core/index.js';
import { lens } from '#dist/lens/index.js';
import { GPT2 } from '#dist/models/index.js';
import { decodeModel } from '#dist/onnx/index.js';
import { largestDifference } from '../support/arrays.js';

const shape = { vocabulary: 11, context: 8, layers: 2, heads: 2, width: 8, seed: 1 };
const ids = [[1, 2, 3], [4, 5, 6]]; // biome-ignore format: rows
const globs = '*.attention.pattern';

test('check does not change what is captured', async () => {
  const model = new GPT2(shape);
  const checked = await lens(model, { check: true }).capture(ids, globs);
  expect(Object.keys(checked)).toEqual(['blocks.0.attention.pattern', 'blocks.1.attention.pattern']);
  // With every site an output, fewer operators are fused: the last digits may differ.
  for (const [name, value] of Object.entries(await lens(model).capture(ids, globs))) {
    expect(checked[name]?.shape).toEqual(value.shape);
    expect(largestDifference(checked[name]?.data, value.data)).toBeLessThan(1e-6);
  }
});

test('check names the first site that is not finite, also one that was not asked for', async () => {
  const model = new GPT2(shape);
  const [name, broken] = [...model.parameters()].find(([path]) => path.startsWith('blocks.1.') && path.includes('mlp')) ?? [];
  if (name === undefined || broken === undefined) throw new Error('no MLP in the second block');
  broken.value = new HostArray(new Float32Array(broken.value.data.length).fill(Number.NaN), broken.shape, 'float32');
  await expect(lens(model, { check: true }).capture(ids, globs)).rejects.toThrow(
    /^check at blocks\.1\.mlp[\w.]*: every value is finite; got NaN at \[0,0,0\]/,
  );
  expect(Object.keys(await lens(model).capture(ids, globs))).toHaveLength(2);
});

test('onnx gives the program of a capture: its ids, its sites, its parameters as inputs', () => {
  const { graph } = decodeModel(lens(new GPT2(shape)).onnx(ids, globs));
  expect(graph.outputs.map(({ name }) => name)).toEqual(['blocks.0.attention.pattern', 'blocks.1.attention.pattern']);
  expect(graph.inputs.find(({ name }) => name === 'ids')?.dims).toEqual([2, 3]);
  expect(graph.inputs.length).toBeGreaterThan(1);
});

test('a predicate of name and shape chooses sites as a glob does', async () => {
  const view = lens(new GPT2(shape));
  const isPattern = ({ name, shape: sizes }: { name: string; shape: readonly string[] }) => name.endsWith('pattern') && sizes.length === 4;
  const [chosen, named] = [await view.capture(ids, isPattern), await view.capture(ids, globs)];
  expect(Object.keys(chosen)).toEqual(Object.keys(named));
  for (const [name, value] of Object.entries(named)) expect(chosen[name]?.toArray()).toEqual(value.toArray());
  expect(view.cost(ids, isPattern)).toEqual(view.cost(ids, globs));
  await expect(view.capture(ids, () => false)).rejects.toThrow(/a predicate that a site passes; got none of \d+/);
});

test('captures at the same time, of more sizes than programs are kept, do not disturb each other', async () => {
  const view = lens(new GPT2(shape), { programs: 2 });
  const lengths = [1, 2, 3, 4, 5, 6, 7, 8];
  const prompts = lengths.map((n) => Array.from({ length: n }, (_, i) => i));
  const together = await Promise.all([...prompts, ...prompts].map((p) => view.capture(p, 'logits')));
  for (const [i, p] of prompts.entries()) {
    const alone = await view.capture(p, 'logits');
    for (const got of [together[i], together[i + 8]]) expect(got?.logits?.toArray()).toEqual(alone.logits?.toArray());
  }
  expect(view.programs).toBe(2);
  const last = view.capture([1, 2], 'embed');
  await view.dispose();
  expect((await last).embed?.shape).toEqual([1, 2, 8]);
  expect(view.programs).toBe(0);
});
