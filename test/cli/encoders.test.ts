import { cpSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { readSafetensors } from '#dist/checkpoints/index.js';
import { fixture, largestDifference } from '../support/arrays.js';
import { temporaryFolder, within } from './command.js';

const here = temporaryFolder();
const at = (name: string): string => join(here, name);

test('embed: vectors by the folder’s own pooling, from --text and --file alike', async () => {
  writeFileSync(at('texts.txt'), 'the cat\n\nthe dog ran home\n');
  const one = await within('embed', fixture('minilm-tiny'), '--text', 'the cat', 'the dog ran home', '--threads', '1', '--json');
  const two = await within('embed', fixture('minilm-tiny'), '--file', at('texts.txt'), '--batch', '1', '--json');
  expect([one.code, two.code], one.err + two.err).toEqual([0, 0]);
  const results = one.json().results as { text: string; vector: number[] }[];
  expect(one.json()).toMatchObject({ width: 16, pooling: 'mean', normalized: true });
  expect(results.map(({ text }) => text)).toEqual(['the cat', 'the dog ran home']);
  for (const [i, { vector }] of (two.json().results as typeof results).entries()) {
    expect(Math.hypot(...vector)).toBeCloseTo(1, 5);
    expect(largestDifference(vector, results[i]?.vector)).toBeLessThan(1e-5);
  }
  const plain = await within('embed', fixture('minilm-tiny'), '--text', 'the cat');
  expect(plain.out.trim().split(' ').map(Number)).toHaveLength(16);
});

test('fill, with --check and --dump-onnx', async () => {
  const dump = at('fill.onnx');
  const { code, err, json } = await within(
    'fill',
    fixture('bert-masked'),
    '--text',
    'the [MASK] sat',
    '--top',
    '3',
    '--check',
    '--dump-onnx',
    dump,
    '--json',
  );
  expect(code, err).toBe(0);
  expect(json().masks).toMatchObject([{ position: 2, candidates: [{}, {}, {}] }]);
  expect(readFileSync(dump).length).toBeGreaterThan(1000);
  expect((await within('fill', fixture('roberta-masked'), '--text', 'the <mask> sat')).out.trimEnd().split('\n')).toHaveLength(5);
});

test('classify: whole texts, and the names in them, as the head says', async () => {
  const whole = await within('classify', fixture('distilbert-sequence'), '--text', 'the cat sat', '--top', '2', '--json');
  expect(whole.code, whole.err).toBe(0);
  const [first] = whole.json().results as { text: string; labels: { label: string; probability: number }[] }[];
  expect(first?.labels).toHaveLength(2);
  expect(['negative', 'neutral', 'positive']).toContain(first?.labels[0]?.label);
  const tokens = await within('classify', fixture('bert-token'), '--text', 'The dog is in Paris', '--json');
  const [tagged] = tokens.json().results as { spans: { start: number; end: number; text: string }[] }[];
  for (const { start, end, text } of tagged?.spans ?? []) expect('The dog is in Paris'.slice(start, end)).toBe(text);
  expect((await within('classify', fixture('bert-sequence'), '--text', 'cat')).out).toMatch(/^cat\n {2}0\.\d{4} {2}\w+\n/);
});

test('answer', async () => {
  const context = 'the cat is in paris . '.repeat(3);
  const { code, err, json } = await within(
    'answer',
    fixture('roberta-question'),
    '--question',
    'where is the cat ?',
    '--context',
    context,
    '--json',
  );
  expect(code, err).toBe(0);
  const { text, start, end } = json() as { text: string; start: number; end: number };
  expect(context.slice(start, end)).toBe(text);
});

test('capture, sites and attend look into encoders', async () => {
  const out = at('seen.safetensors');
  const captured = await within(
    'capture',
    fixture('bert-sequence'),
    '--text',
    'the cat',
    '--sites',
    '*pattern,logits,pooler.pooled',
    '--out',
    out,
    '--json',
  );
  expect(captured.code, captured.err).toBe(0);
  const file = await readSafetensors(out);
  expect(file.info('blocks.0.attention.pattern').shape).toEqual([1, 4, 4, 4]);
  // Not causal: the first token attends to later ones.
  expect(Number((await file.load('blocks.0.attention.pattern')).data[3])).toBeGreaterThan(1e-4);
  expect(file.info('logits').shape).toEqual([1, 3]);
  await file.close();
  const sites = await within('sites', fixture('roberta-masked'), '--json');
  expect(sites.json().sites).toContainEqual({ name: 'logits', shape: ['B', 'T', 74] });
  const attend = await within('attend', fixture('distilbert-token'), '--text', 'the cat', '--html', at('a.html'), '--json');
  expect(attend.json(), attend.err).toMatchObject({ layers: 2, heads: 4, tokens: 4 });
  expect(existsSync(at('a.html'))).toBe(true);
});

describe('one line, exit 2', () => {
  const mixed = at('mixed');
  cpSync(fixture('bert-masked'), mixed, { recursive: true });
  const json = JSON.parse(readFileSync(join(mixed, 'tokenizer.json'), 'utf8')) as { model: { vocab: Record<string, number> } };
  json.model.vocab.beyond = 74;
  writeFileSync(join(mixed, 'tokenizer.json'), JSON.stringify(json));

  test.each<[string, string[], RegExp]>([
    ['a text without a mask', ['fill', fixture('bert-masked'), '--text', 'the cat'], /at least one \[MASK\]/],
    ['another head', ['fill', fixture('bert-token'), '--text', 'the [MASK]'], /masked words; got labels of tokens/],
    ['no text', ['classify', fixture('bert-sequence')], /classify: texts or images; got neither/],
    ['an empty text', ['embed', fixture('minilm-tiny'), '--text', ''], /at least one character/],
    ['a text beyond the context', ['embed', fixture('minilm-tiny'), '--text', 'cat '.repeat(30)], /1 to 24 tokens.*got 32/],
    ['a tokenizer of a larger vocabulary', ['fill', mixed, '--text', 'a [MASK]'], /at most 74 tokens, the model's vocabulary; got 75/],
    ['a decoder', ['embed', fixture('gpt2-tiny'), '--text', 'a'], /an encoder.*got "gpt2".*generate/],
    ['no answers', ['answer', fixture('bert-token'), '--question', 'a', '--context', 'b'], /answers in a context; got labels of tokens/],
    ['generate', ['generate', fixture('bert-masked'), '--prompt', 'a'], /predicts the next token; got "bert", an encoder.*fill/],
    ['eval', ['eval', fixture('roberta-masked'), 'stories'], /predicts the next token; got "roberta", an encoder/],
    ['no batch', ['embed', fixture('minilm-tiny'), '--text', 'a', '--batch', '0'], /a whole number from 1 to 4096/],
  ])('%s', async (_, args, message) => {
    const { code, err, out } = await within(...args);
    expect(code, err).toBe(2);
    expect(out).toBe('');
    expect(err.trimEnd().split('\n')).toHaveLength(1);
    expect(err).toMatch(message);
  });
});
