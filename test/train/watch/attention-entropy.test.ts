import { expect, test } from 'vitest';
import { type HostArray, host } from '#dist/core/index.js';
import { GPT2 } from '#dist/models/index.js';
import { input, type Tensor, tap, withPath } from '#dist/ops/index.js';
import { compile, lowerProgram, Program, sitesOf } from '#dist/runtime/index.js';
import { attentionEntropies, entropyMetrics } from '#dist/train/watch/index.js';

const shape = [3, 16];
const model = new GPT2({ vocabulary: 23, context: 16, layers: 2, heads: 4, width: 32, seed: 5 });
// Sharper than at the start: small weights would leave every pattern next to uniform.
for (const block of model.blocks)
  for (const [i, w] of (block.attention.qkv.weight.value.data as Float32Array).entries()) block.attention.qkv.weight.value.data[i] = 20 * w;
const ids = host(
  Int32Array.from({ length: 48 }, (_, i) => (i * i + 3) % 23),
  { shape },
);

async function run(outputs: Record<string, Tensor>): Promise<Record<string, HostArray>> {
  const program = await Program.create(lowerProgram(outputs, [{ name: 'ids', spec: { shape, dtype: 'int32' } }]));
  try {
    return await program.run({ ids });
  } finally {
    await program.dispose();
  }
}

test('equals a plain loop over the patterns, in float64', async () => {
  const logits = model.forward(input('ids', shape, 'int32'));
  const sites = [...sitesOf([logits])].filter(([name]) => name.endsWith('attention.pattern'));
  const patterns = await run(Object.fromEntries(sites));
  const entropies = await run(attentionEntropies([logits]));
  expect(Object.keys(entropies)).toEqual(['blocks.0.attention.pattern', 'blocks.1.attention.pattern']);
  for (const [
    site,
    {
      data,
      shape: [B = 0, H = 0, T = 0, S = 0],
    },
  ] of Object.entries(patterns)) {
    const expected = new Float64Array(H);
    for (let i = 0; i < data.length; i++) {
      const p = Number(data[i]);
      if (p > 0) expected[Math.floor(i / (T * S)) % H] = (expected[Math.floor(i / (T * S)) % H] as number) - (p * Math.log(p)) / (B * T);
    }
    expect(entropies[site]?.shape).toEqual([H]);
    for (let h = 0; h < H; h++) expect(entropies[site]?.data[h]).toBeCloseTo(expected[h] as number, 5);
    expect(Math.max(...expected)).toBeLessThan(0.9 * Math.log(16)); // heads that differ from uniform ones
  }
});

test('known patterns: uniform is ln S, one place is 0, a masked row is 0, the tiniest p is no NaN', async () => {
  const patterns = host([[[[0.25, 0.25, 0.25, 0.25]], [[0, 1, 0, 0]], [[0, 0, 0, 0]], [[2 ** -149, 1, 2 ** -130, 0]], [[0.5, 0.5, 0, 0]]]]);
  const entropy = compile((p: Tensor) => {
    const site = withPath('attention', () => tap('pattern', p));
    return attentionEntropies([site])['attention.pattern'] as Tensor;
  });
  const values = (await entropy(patterns)).toArray() as number[];
  await entropy.dispose();
  [Math.log(4), 0, 0, 0, Math.log(2)].forEach((expected, head) => {
    expect(values[head]).toBeCloseTo(expected, 6);
  });
});

test('a model without attention has none; a pattern of another form is refused by name', () => {
  const x = input('x', [2, 5, 5]);
  expect(attentionEntropies([withPath('mlp', () => tap('pattern', x))])).toEqual({});
  expect(() => attentionEntropies([withPath('attention', () => tap('pattern', x))])).toThrow(
    'attention entropy at attention.pattern: a pattern [B,H,T,S]; got [2,5,5]',
  );
});

test.each([
  ['blocks.0.attention.pattern', 'blocks.0.head.1'],
  ['attention.pattern', 'head.1'],
  ['blocks.0.attention.pattern#1', 'blocks.0#1.head.1'],
  ['decoder.blocks.2.cross_attention.pattern', 'decoder.blocks.2.cross_attention.head.1'],
])('metrics of %s are named after it', (site, name) => {
  expect(Object.entries(entropyMetrics(site, [1, 2]))[1]).toEqual([`attention_entropy/${name}`, 2]);
});
