import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { loadModel, loadModelWithReport, readSafetensors, saveModel, writeSafetensors } from '#dist/checkpoints/index.js';
import { HostArray } from '#dist/core/index.js';
import { lens } from '#dist/lens/index.js';
import { AttentionOnly, ConvolutionalLanguageModel, GPT2, type LanguageModel, RecurrentLanguageModel } from '#dist/models/index.js';
import { MeanModel } from '../generate/models.js';
import { fixture, largestDifference } from '../support/arrays.js';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'headlight-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const ids = [1, 5, 2, 7, 3];
const sizes = { vocabulary: 13, context: 8, layers: 2, heads: 2, width: 16 };

/** Saves, loads, and compares every site. */
async function expectSameAgain(model: LanguageModel): Promise<LanguageModel> {
  await saveModel(folder, model);
  const again = await loadModel(folder);
  expect([...again.parameters().keys()]).toEqual([...model.parameters().keys()]);
  const [a, b] = [await lens(model).capture(ids, '*'), await lens(again).capture(ids, '*')];
  expect(Object.keys(b)).toEqual(Object.keys(a));
  for (const site of Object.keys(a)) expect(largestDifference(a[site]?.data, b[site]?.data), site).toBe(0);
  return again;
}

describe('a model saved and loaded', () => {
  test.each([{}, { tied: false }, { bias: false }, { activation: 'gelu' as const, hidden: 24, epsilon: 1e-6 }])(
    'is the same model: %o',
    async (options) => {
      await expectSameAgain(new GPT2({ ...sizes, seed: 9, ...options }));
    },
  );

  test.each([{}, { bias: false }, { norm: false }, { dropout: 0.25, epsilon: 1e-6 }])(
    'is the same attention-only model: %o',
    async (options) => {
      const model = new AttentionOnly({ ...sizes, seed: 9, ...options });
      const again = (await expectSameAgain(model)) as AttentionOnly;
      expect(again).toBeInstanceOf(AttentionOnly);
      expect(again.config).toEqual({ ...model.config, seed: 0 }); // the seed has done its work
    },
  );

  test.each([
    { cell: 'rnn' },
    { cell: 'gru', tied: true, bias: false },
    { cell: 'lstm', hidden: 5, bidirectional: true, dropout: 0.25 },
  ] as const)('is the same recurrent model: %o', async (options) => {
    const model = new RecurrentLanguageModel({ ...sizes, seed: 9, ...options });
    const again = (await expectSameAgain(model)) as RecurrentLanguageModel;
    expect(again).toBeInstanceOf(RecurrentLanguageModel);
    const { heads: _, ...config } = { heads: 0, ...model.config };
    expect(again.config).toEqual({ ...config, seed: 0 });
  });

  test.each([{}, { tied: true, bias: false }, { kernel: 2, weightNorm: false, dropout: 0.25 }])(
    'is the same convolutional model: %o',
    async (options) => {
      const model = new ConvolutionalLanguageModel({ ...sizes, seed: 9, ...options });
      const again = (await expectSameAgain(model)) as ConvolutionalLanguageModel;
      expect(again).toBeInstanceOf(ConvolutionalLanguageModel);
      const { heads: _, ...config } = { heads: 0, ...model.config };
      expect(again.config).toEqual({ ...config, seed: 0 });
    },
  );

  test('a layout of our own keeps our names, and its model_type says whose it is', async () => {
    const model = new AttentionOnly(sizes);
    await saveModel(folder, model);
    const file = await readSafetensors(join(folder, 'model.safetensors'));
    expect([...file.names].sort()).toEqual([...model.parameters().keys()].sort());
    await file.close();
    const config = JSON.parse(await readFile(join(folder, 'config.json'), 'utf8')) as Record<string, unknown>;
    expect(config).toMatchObject({
      model_type: 'headlight_attention_only',
      vocab_size: 13,
      n_positions: 8,
      n_embd: 16,
      n_layer: 2,
      n_head: 2,
    });
    await writeFile(join(folder, 'config.json'), JSON.stringify({ ...config, n_layer: 3 }));
    await expect(loadModel(folder)).rejects.toThrow(/6 missing \("blocks\.2\.norm\.weight"/);
    await writeFile(join(folder, 'config.json'), JSON.stringify({ ...config, layer_norm: 'yes' }));
    await expect(loadModel(folder)).rejects.toThrow(/"layer_norm" is true or false; got "yes"/);
  });

  test('a model of no known architecture: which there are', async () => {
    await expect(saveModel(folder, new MeanModel())).rejects.toThrow(
      /checkpoints can hold: gpt2, llama, mistral, qwen2, qwen3, gemma, gemma2, headlight_attention_only \(Headlight's own\), headlight_recurrent \(Headlight's own\), headlight_convolutional \(Headlight's own\); got MeanModel/,
    );
  });

  test('a published file comes back tensor by tensor, under its own names and metadata', async () => {
    await saveModel(folder, await loadModel(fixture('gpt2-tiny')));
    const [theirs, ours] = [
      await readSafetensors(fixture('gpt2-tiny/model.safetensors')),
      await readSafetensors(join(folder, 'model.safetensors')),
    ];
    expect([...ours.names].sort()).toEqual([...theirs.names].sort());
    expect(ours.metadata.format).toBe('pt');
    for (const name of theirs.names) expect((await ours.load(name)).data, name).toEqual((await theirs.load(name)).data);
    await theirs.close();
    await ours.close();
  });

  test('a model without biases is written with zeros, which Hugging Face’s layout has', async () => {
    await saveModel(folder, new GPT2({ vocabulary: 13, context: 8, layers: 1, heads: 2, width: 16, bias: false }));
    const file = await readSafetensors(join(folder, 'model.safetensors'));
    expect(file.names).toContain('transformer.h.0.attn.c_attn.bias');
    expect([...(await file.load('transformer.ln_f.bias')).data].every((x) => x === 0)).toBe(true);
    await file.close();
  });
});

describe('files that others write', () => {
  async function rewrite(change: (tensors: Map<string, HostArray>) => void): Promise<void> {
    const file = await readSafetensors(fixture('gpt2-tiny/model.safetensors'));
    const tensors = new Map<string, HostArray>();
    for (const name of file.names) tensors.set(name, await file.load(name));
    await file.close();
    change(tensors);
    await writeSafetensors(join(folder, 'model.safetensors'), tensors);
    await writeFile(join(folder, 'config.json'), await readFile(fixture('gpt2-tiny/config.json')));
  }

  test('names without the prefix, mask buffers and a copy of the tied head are read', async () => {
    await rewrite((tensors) => {
      for (const [name, value] of [...tensors]) {
        tensors.delete(name);
        tensors.set(name.replace('transformer.', ''), value);
      }
      tensors.set('h.0.attn.bias', new HostArray(new Float32Array(4), [1, 1, 2, 2], 'float32'));
      tensors.set('lm_head.weight', tensors.get('wte.weight') as HostArray);
    });
    const [a, b] = [await loadModel(fixture('gpt2-tiny')), await loadModel(folder)];
    const sites = [await lens(a).capture(ids, 'logits'), await lens(b).capture(ids, 'logits')];
    expect(largestDifference(sites[0]?.logits?.data, sites[1]?.logits?.data)).toBe(0);
  });

  test('heads of other tasks are passed over and reported; what is no head that we know is not', async () => {
    const head = new HostArray(new Float32Array(64), [2, 32], 'float32');
    await rewrite((tensors) => tensors.set('score.weight', head).set('v_head.summary.weight', head));
    const { report } = await loadModelWithReport(folder);
    expect(report.ignored).toEqual(expect.arrayContaining(['score.weight', 'v_head.summary.weight']));
    await rewrite((tensors) => tensors.set('scores.weight', head));
    await expect(loadModel(folder)).rejects.toThrow(/1 unknown \("scores\.weight"\)/);
    await expect(loadModel(folder, { ignore: ['scores.*'] })).resolves.toBeDefined();
  });

  test('missing, extra and wrongly shaped tensors are named', async () => {
    await rewrite((tensors) => {
      tensors.delete('transformer.h.1.mlp.c_fc.weight');
      tensors.set('transformer.h.7.ln_1.weight', new HostArray(new Float32Array(32), [32], 'float32'));
      tensors.set('transformer.wpe.weight', new HostArray(new Float32Array(64), [2, 32], 'float32'));
    });
    const error = await loadModel(folder).then(
      () => '',
      (e: Error) => e.message,
    );
    expect(error).toContain('blocks.1.mlp.up.weight');
    expect(error).toContain('transformer.h.7.ln_1.weight');
    expect(error).toContain('positions.weight');
    expect(error).not.toContain('\n');
  });

  test.each([
    [
      '{"model_type": "mamba"}',
      /"model_type" among: gpt2, llama, mistral, qwen2, qwen3, gemma, gemma2, headlight_attention_only \(Headlight's own\), headlight_recurrent \(Headlight's own\), headlight_convolutional \(Headlight's own\); encoders: bert, roberta, distilbert; of images: vit, deit; encoder–decoders: headlight_transformer \(Headlight's own\); got "mamba"/,
    ],
    ['{"model_type": "gpt2", "vocab_size": 61, "n_positions": 32, "n_layer": 3, "n_head": 4, "n_embd": -3}', /n_embd/],
    ['not json', /JSON/],
  ])('a config that says %s', async (config, message) => {
    await rewrite(() => {});
    await writeFile(join(folder, 'config.json'), config);
    await expect(loadModel(folder)).rejects.toThrow(message);
  });

  test('no folder, no weights', async () => {
    await expect(loadModel(join(folder, 'nowhere'))).rejects.toThrow(/a checkpoint folder/);
    await writeFile(join(folder, 'config.json'), await readFile(fixture('gpt2-tiny/config.json')));
    await expect(loadModel(folder)).rejects.toThrow(/model\.safetensors.*no such file/);
  });
});
