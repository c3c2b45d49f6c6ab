import { describe, expect, test } from 'vitest';
import { readSafetensors } from '#dist/checkpoints/index.js';
import { loadModel } from '#dist/checkpoints/model.js';
import { HeadlightError, host } from '#dist/core/index.js';
import { gradients } from '#dist/grad/index.js';
import { lens } from '#dist/lens/index.js';
import { GPT2, gpt2Names } from '#dist/models/index.js';
import { crossEntropy, input, parameterTensor, type Tensor } from '#dist/ops/index.js';
import { lowerProgram, Program } from '#dist/runtime/index.js';
import { fixture, largestDifference, relativeDifference } from '../support/arrays.js';

const folders = ['gpt2-tiny', 'gpt2-untied'];

describe.each(folders)('%s, a checkpoint that PyTorch wrote', (name) => {
  test('every site is PyTorch’s within 1e-4', async () => {
    const reference = await readSafetensors(fixture(`${name}/reference.safetensors`));
    const model = await loadModel(fixture(name));
    const seen = await lens(model).capture((await reference.load('ids')).toArray() as number[][], '*');
    const roles = ['query', 'key', 'value', 'scores', 'pattern', 'mixed', 'output'].map((r) => `attention.${r}`);
    const perBlock = [...roles, 'mlp.pre', 'mlp.post', 'mlp.output', 'residual.pre', 'residual.mid', 'residual.post'];
    const expected = ['embed', ...[0, 1, 2].flatMap((i) => perBlock.map((r) => `blocks.${i}.${r}`)), 'final_norm', 'logits'];
    expect(Object.keys(seen).sort()).toEqual(expected.sort());
    for (const site of expected) {
      const want = await reference.load(site);
      expect(seen[site]?.shape, site).toEqual(want.shape);
      expect(largestDifference(seen[site]?.data, want.data), site).toBeLessThan(1e-4);
    }
    await reference.close();
  });

  test('the loss and every gradient are PyTorch’s', async () => {
    const reference = await readSafetensors(fixture(`${name}/reference.safetensors`));
    const model = await loadModel(fixture(name));
    const ids = await reference.load('ids');
    const [batch, length] = ids.shape as [number, number];
    const inputs = input('inputs', [batch, length - 1], 'int32');
    const targets = input('targets', [batch, length - 1], 'int32');
    const loss = crossEntropy(model.forward(inputs).reshape([-1, model.vocabulary]), targets.reshape([-1]));
    const names = [...model.parameters().keys()];
    const grads = gradients(
      loss,
      [...model.parameters().values()].map((p) => parameterTensor(p)),
    );
    const outputs: Record<string, Tensor> = { loss, ...Object.fromEntries(names.map((n, i) => [n, grads[i] as Tensor])) };
    const declared = [
      { name: 'inputs', spec: inputs },
      { name: 'targets', spec: targets },
    ];
    const rows = ids.toArray() as number[][];
    const feeds = {
      inputs: hostIds(rows.map((r) => r.slice(0, -1))),
      targets: hostIds(rows.map((r) => r.slice(1))),
    };
    for (const plain of [false, true]) {
      const program = await Program.create(lowerProgram(outputs, declared, { plain }));
      const got = await program.run(feeds);
      await program.dispose();
      expect(got.loss?.item()).toBeCloseTo((await reference.load('loss')).item(), 5);
      for (const n of names) {
        const hf = `grad.${toHf(n)}`;
        expect(relativeDifference(got[n]?.data, (await reference.load(hf)).data), `${hf}, plain ${plain}`).toBeLessThan(1e-5);
      }
    }
    await reference.close();
  });
});

test('causality: later tokens change nothing earlier', async () => {
  const model = new GPT2({ vocabulary: 11, context: 8, layers: 2, heads: 2, width: 16, seed: 3 });
  const one = await lens(model).capture([1, 2, 3, 4, 5, 6], 'logits');
  const two = await lens(model).capture([1, 2, 3, 4, 9, 0], 'logits');
  const upTo = 4 * 11;
  expect([...(one.logits?.data.slice(0, upTo) ?? [])]).toEqual([...(two.logits?.data.slice(0, upTo) ?? [])]);
  expect(largestDifference(one.logits?.data.slice(upTo), two.logits?.data.slice(upTo))).toBeGreaterThan(1e-3);
});

test('initial values depend on seed and path, not on what else there is', () => {
  const config = { vocabulary: 11, context: 8, heads: 2, width: 16, seed: 5 };
  const small = new GPT2({ ...config, layers: 1 });
  const tall = new GPT2({ ...config, layers: 3 });
  const other = new GPT2({ ...config, layers: 1, seed: 6 });
  const values = (m: GPT2): number[] => [...(m.parameters().get('blocks.0.attention.qkv.weight')?.value.data ?? [])].map(Number);
  expect(values(small)).toEqual(values(tall));
  expect(values(small)).not.toEqual(values(other));
});

test('what cannot be is refused when the model is made or traced, with the module path', () => {
  expect(() => new GPT2({ vocabulary: 11, context: 8, layers: 1, heads: 3, width: 16 })).toThrow(
    /heads that divides the width; got width 16, heads 3/,
  );
  expect(() => new GPT2({ vocabulary: 0, context: 8, layers: 1, heads: 2, width: 16 })).toThrow(HeadlightError);
  const model = new GPT2({ vocabulary: 11, context: 8, layers: 1, heads: 2, width: 16 });
  expect(() => model.forward(input('ids', [1, 9], 'int32'))).toThrow(/positions at positions: at most 8 tokens/);
  expect(() => model.forward(input('ids', [1, 4], 'float32'))).toThrow(/gather at tokens: int32 indices/);
});

function hostIds(rows: number[][]) {
  return host(rows, { dtype: 'int32' });
}

function toHf(ours: string): string {
  for (const { hf, ours: template } of gpt2Names) {
    const match = new RegExp(`^${template.replace('{i}', '(\\d+)')}$`).exec(ours);
    if (match) return hf.replace('{i}', match[1] ?? '');
  }
  throw new Error(ours);
}
