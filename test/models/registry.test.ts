import { describe, expect, test } from 'vitest';
import {
  AttentionOnly,
  ConvolutionalLanguageModel,
  Gemma,
  GPT2,
  Llama,
  type ModelSettings,
  modelBuilder,
  modelBuilders,
  RecurrentLanguageModel,
  settingsOf,
  sizesOf,
  withDropout,
} from '#dist/models/index.js';
import { MeanModel } from '../generate/models.js';
import { sizes } from './small.js';

const usual: ModelSettings = { ...sizes, dropout: 0, activation: 'gelu_new', bias: true, tied: true, seed: 0 };
/** Each setting, changed. */
const changes: ModelSettings = {
  vocabulary: 9,
  context: 5,
  layers: 1,
  heads: 4,
  kvHeads: 1,
  width: 24,
  hidden: 20,
  dropout: 0.1,
  activation: 'relu',
  bias: false,
  tied: false,
  seed: 4,
};

describe.each(Object.entries(modelBuilders))('%s', (arch, builder) => {
  test('a model’s settings build it anew', () => {
    const model = builder.build(changes);
    const read = settingsOf(model);
    expect(read.arch).toBe(arch);
    for (const [name, value] of Object.entries(changes))
      if (!builder.unused.includes(name as keyof ModelSettings)) expect(read.settings[name as keyof ModelSettings], name).toBe(value);
    const again = builder.build(read.settings);
    expect([...again.parameters()].map(([name, p]) => [name, [...p.value.data]])).toEqual(
      [...model.parameters()].map(([name, p]) => [name, [...p.value.data]]),
    );
    expect((again as GPT2).config).toEqual((model as GPT2).config);
  });

  test.each(Object.keys(changes) as (keyof ModelSettings)[])('%s counts, unless it is listed as unused', (name) => {
    const config = (settings: ModelSettings) => (builder.build(settings) as GPT2).config;
    const [before, after] = [config(usual), config({ ...usual, [name]: changes[name] })];
    if (builder.unused.includes(name)) expect(after).toEqual(before);
    else expect(after).not.toEqual(before);
  });

  test('what else a caller’s object holds does not get into the model', () => {
    const config = (builder.build({ ...usual, epsilon: 1, lr: 3 } as ModelSettings) as GPT2).config;
    expect(config.epsilon).not.toBe(1);
    expect(config).not.toHaveProperty('lr');
  });
});

test('models that settings cannot describe are refused, with what it is about them', () => {
  expect(() => settingsOf(new GPT2({ ...sizes, epsilon: 1e-6 }), 'my/folder')).toThrow(
    /my\/folder: a model whose epsilon is 0\.00001, which settings cannot change; got 0\.000001/,
  );
  expect(() => settingsOf(new AttentionOnly({ ...sizes, norm: false }))).toThrow(/whose norm is true.*got false/);
  expect(() => settingsOf(new Llama({ ...sizes, headNorm: true }))).toThrow(/whose headNorm is false.*got true/);
  expect(() => settingsOf(new Llama({ ...sizes, scaling: { kind: 'linear', factor: 2 } }))).toThrow(/whose scaling is none.*got linear/);
  expect(() => settingsOf(new Llama({ ...sizes, headWidth: 2 }))).toThrow(/whose headWidth is width\/heads.*got 2/);
  expect(() => settingsOf(new RecurrentLanguageModel({ ...sizes, cell: 'gru', hidden: 5 }))).toThrow(/whose state is width.*got 5/);
  expect(() => settingsOf(new RecurrentLanguageModel({ ...sizes, cell: 'gru', bidirectional: true }))).toThrow(
    /whose bidirectional is false/,
  );
  expect(() => settingsOf(new ConvolutionalLanguageModel({ ...sizes, kernel: 2 }))).toThrow(/whose kernel is 3.*got 2/);
  expect(() => settingsOf(new MeanModel())).toThrow(/a model of one of gpt2, attention-only, llama, rnn, gru, lstm, tcn; got MeanModel/);
});

test('names that are not here: mistyped, inherited', () => {
  expect(modelBuilder('gpt2')).toBe(modelBuilders.gpt2);
  expect(() => modelBuilder('atention-only', '--arch')).toThrow(/got "atention-only"\. Nearest: attention-only\./);
  expect(() => modelBuilder('toString')).toThrow(/one of gpt2, attention-only, llama, rnn, gru, lstm, tcn/);
});

describe('sizes of models that no builder makes', () => {
  test('of Gemma, and of a Llama that differs: no name, the sizes all the same', () => {
    const gemma = new Gemma({ ...sizes, kvHeads: 1, headWidth: 6, hidden: 20, dropout: 0.1 });
    const shared = { ...sizes, kvHeads: 1, hidden: 20, dropout: 0.1 };
    expect(sizesOf(gemma)).toMatchObject({ arch: undefined, settings: { ...shared, tied: true, bias: false } });
    const qwen = new Llama({ ...sizes, kvHeads: 1, hidden: 20, dropout: 0.1, attentionBias: 'queryKeyValue' });
    expect(sizesOf(qwen)).toMatchObject({ arch: undefined, settings: shared });
    expect(sizesOf(new Llama(sizes)).arch).toBe('llama');
  });

  test('a model of one’s own is refused', () => {
    expect(() => sizesOf(new MeanModel(), 'mine')).toThrow(/^mine: a language model of Headlight’s; got MeanModel/);
    expect(() => withDropout(new MeanModel(), 0.1)).toThrow(/^withDropout: .*got MeanModel/);
  });
});

test.each([
  new GPT2({ ...sizes, epsilon: 1e-6, tied: false }),
  new AttentionOnly({ ...sizes, norm: false }),
  new Llama({ ...sizes, headNorm: true, window: 3 }),
  new Gemma({ ...sizes, kvHeads: 1, headWidth: 6, hidden: 20, scoreCap: 50 }),
  new RecurrentLanguageModel({ ...sizes, cell: 'lstm', hidden: 5 }),
  new ConvolutionalLanguageModel({ ...sizes, kernel: 2 }),
])('with another dropout all else stays: %#', (model) => {
  const other = withDropout(model, 0.3) as Llama;
  expect(other.config).toEqual({ ...(model as Llama).config, dropout: 0.3 });
  expect(Object.getPrototypeOf(other)).toBe(Object.getPrototypeOf(model));
  expect([...other.parameters()].map(([name, p]) => [name, p.shape])).toEqual([...model.parameters()].map(([name, p]) => [name, p.shape]));
});
