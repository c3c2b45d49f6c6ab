import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  type JsonObject,
  loadEncoder,
  loadEncoderFrom,
  loadModel,
  openCheckpoint,
  readSafetensors,
  saveEncoder,
} from '#dist/checkpoints/index.js';
import { fixture } from '../support/arrays.js';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'headlight-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const configOf = async (path: string): Promise<JsonObject> => JSON.parse(await readFile(join(path, 'config.json'), 'utf8')) as JsonObject;
const heads = ['masked', 'sequence', 'token', 'question'];
const names = [...['bert', 'roberta', 'distilbert'].flatMap((family) => heads.map((head) => `${family}-${head}`)), 'minilm-tiny'];

/** A published name as it is written today: with its prefix, gamma as weight. */
function modern(name: string, prefix: string): string {
  const today = name.replace('LayerNorm.gamma', 'LayerNorm.weight').replace('LayerNorm.beta', 'LayerNorm.bias');
  return /^(embeddings|encoder|pooler)\./.test(today) ? prefix + today : today;
}

describe.each(names)('%s', (name) => {
  test('comes back tensor by tensor, and says the same in the same words', async () => {
    const model = await loadEncoder(fixture(name));
    await saveEncoder(folder, model);
    const [theirs, ours] = [
      await readSafetensors(join(fixture(name), 'model.safetensors')),
      await readSafetensors(join(folder, 'model.safetensors')),
    ];
    const passed = /position_ids|seq_relationship/;
    const kept = theirs.names.filter((n) => !passed.test(n) && !(name === 'bert-masked' && n.includes('pooler')));
    const prefix = `${model.config.family}.`;
    expect([...ours.names].sort()).toEqual(kept.map((n) => modern(n, prefix)).sort());
    for (const n of kept) expect(await ours.load(modern(n, prefix)), n).toEqual(await theirs.load(n));
    await theirs.close();
    await ours.close();
    const [said, saved] = [await configOf(fixture(name)), await configOf(folder)];
    for (const [key, value] of Object.entries(saved))
      if (key in said && !/attention_dropout|seq_classif|qa_dropout/.test(key)) expect(value, key).toEqual(said[key]);
    expect((await loadEncoder(folder)).config).toEqual(model.config);
  });
});

test('heads of other tasks, buffers and poolers are passed over, and reported', async () => {
  const source = await openCheckpoint(fixture('bert-masked'));
  const { report } = await loadEncoderFrom(source);
  await source.close();
  expect([...report.ignored].sort()).toEqual([
    'bert.embeddings.position_ids',
    'bert.pooler.dense.bias',
    'bert.pooler.dense.weight',
    'cls.seq_relationship.bias',
    'cls.seq_relationship.weight',
  ]);
});

describe('a config that', () => {
  const opened = async (change: JsonObject, name = 'bert-sequence'): Promise<unknown> => {
    await cp(fixture(name), folder, { recursive: true });
    await writeFile(join(folder, 'config.json'), JSON.stringify({ ...(await configOf(fixture(name))), ...change }));
    return loadEncoder(folder);
  };

  test.each<[string, JsonObject, RegExp]>([
    ['names another head than the weights', { architectures: ['BertForQuestionAnswering'] }, /2 missing \("head\.output\.weight"/],
    ['names an unknown class', { architectures: ['BertForNextSentencePrediction'] }, /one of BertModel, BertForMaskedLM.*got "BertForNext/],
    [
      'has more labels than the weights',
      { id2label: { 0: 'a', 1: 'b', 2: 'c', 3: 'd' } },
      /"head\.output\.weight" \[16,3\] instead of \[16,4\]/,
    ],
    ['has other positions', { position_embedding_type: 'relative_key' }, /"position_embedding_type" is one of "absolute"/],
    [
      'measures instead of labelling',
      { problem_type: 'regression' },
      /"problem_type" is one of "single_label_classification".*got "regression"/,
    ],
    ['decodes', { is_decoder: true }, /"is_decoder" is false; got true/],
    ['has heads that do not divide the width', { num_attention_heads: 3 }, /heads that divides the width/],
    [
      'is of a decoder',
      { model_type: 'gpt2' },
      /an encoder of texts; got "gpt2", which predicts the next token\. .*generate, chat and eval/,
    ],
    ['takes images', { model_type: 'vit' }, /an encoder of texts; got "vit", which takes images\. .*classify --image/],
    [
      'is of no kind that we know',
      { model_type: 'mamba' },
      /among: gpt2, .*; encoders: bert, .*; of images: vit, deit; encoder–decoders: headlight_transformer \(Headlight's own\); got "mamba"/,
    ],
  ])('%s', async (_, change, message) => {
    await expect(opened(change)).rejects.toThrow(message);
  });

  test('says little means what Hugging Face’s defaults say', async () => {
    const silent = { layer_norm_eps: undefined, hidden_act: undefined, pad_token_id: undefined, type_vocab_size: undefined };
    const { config } = (await opened({ ...silent, hidden_dropout_prob: undefined })) as Awaited<ReturnType<typeof loadEncoder>>;
    expect(config).toMatchObject({ epsilon: 1e-12, activation: 'gelu', padding: 0, types: 2, dropout: 0.1, pooler: true });
  });

  test('is an encoder’s, given to what predicts the next token', async () => {
    await expect(loadModel(fixture('bert-masked'))).rejects.toThrow(
      /a language model, which predicts the next token; got "bert", an encoder/,
    );
  });
});
