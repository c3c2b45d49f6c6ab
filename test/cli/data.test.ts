import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { generateStories } from '#dist/datasets/index.js';
import { loadTokenizer } from '#dist/tokenizers/index.js';
import { temporaryFolder, tiny, within } from './command.js';

const here = temporaryFolder();
const at = (...parts: string[]) => join(here, ...parts);
const steps = ['--steps', '6', '--eval-every', '3', '--json'];
const stories = generateStories({ seed: 3, characters: 8000 })
  .split('\n')
  .filter((line) => line.trim() !== '');

beforeAll(() => {
  writeFileSync(at('text.txt'), stories.join('\n'));
  writeFileSync(at('other.txt'), generateStories({ seed: 4, characters: 4000 }));
  writeFileSync(at('lines.jsonl'), stories.map((story, id) => JSON.stringify({ id, text: 'none', story })).join('\n'));
  writeFileSync(at('table.csv'), `id,story\n${stories.map((story, id) => `${id},"${story.replaceAll('"', '""')}"`).join('\n')}\n`);
  mkdirSync(at('folder/deeper'), { recursive: true });
  writeFileSync(at('folder/a.txt'), stories.slice(0, 20).join('\n'));
  writeFileSync(at('folder/deeper/b.txt'), stories.slice(20).join('\n'));
});

async function trained(out: string, ...args: string[]): Promise<Record<string, unknown>> {
  const { code, err, json } = await within('train', ...args, ...tiny, ...steps, '--out', at(out));
  expect(code, err).toBe(0);
  return json();
}

describe('--order', () => {
  test.each(['random', 'shuffled', 'packed', 'padded'])('%s: a column of a .jsonl and of a .csv are the same documents', async (order) => {
    const jsonl = await trained(`jsonl-${order}`, at('lines.jsonl'), '--column', 'story', '--order', order);
    const csv = await trained(`csv-${order}`, at('table.csv'), '--column', 'story', '--order', order);
    expect([csv.trainLoss, csv.valLoss]).toEqual([jsonl.trainLoss, jsonl.valLoss]);
    const [a, b] = ['jsonl', 'csv'].map((kind) => readFileSync(at(`${kind}-${order}`, 'model.safetensors')));
    expect(b?.equals(a as Buffer)).toBe(true);
  });

  test('they are four different runs', async () => {
    const runs = ['random', 'shuffled', 'packed', 'padded'].map((order) =>
      readFileSync(at(`jsonl-${order}`, 'model.safetensors')).toString('base64'),
    );
    expect(new Set(runs).size).toBe(4);
  });
});

describe('several data', () => {
  test('--weights decide how often each is drawn from; by default their length does', async () => {
    await trained('by-length', at('text.txt'), at('other.txt'));
    await trained('weighted', at('text.txt'), at('other.txt'), '--weights', '1,9');
    const record = JSON.parse(readFileSync(at('weighted/trainer.json'), 'utf8')) as { settings: { data: Record<string, unknown> } };
    expect(record.settings.data).toMatchObject({
      sources: [at('text.txt'), at('other.txt')],
      hashes: [expect.any(String), expect.any(String)],
    });
    const [a, b] = ['by-length', 'weighted'].map((run) => readFileSync(at(run, 'model.safetensors')));
    expect(b?.equals(a as Buffer)).toBe(false);
  });

  test('a weight of almost everything is that text alone, but for the judging', async () => {
    const alone = await trained('alone', at('other.txt'), '--tokenizer', at('by-length'));
    const most = await trained('most', at('text.txt'), at('other.txt'), '--weights', '1e-9,1');
    expect(Number(most.trainLoss)).toBeCloseTo(Number(alone.trainLoss), 1);
  });

  test('a folder is all of its texts', async () => {
    const folder = await trained('folder-run', at('folder'));
    expect(folder.valLoss).toBeGreaterThan(0);
    expect((await loadTokenizer(at('folder-run')))?.size).toBe((await loadTokenizer(at('alone')))?.size);
  });
});

describe('--tokenizer', () => {
  test.each(['char', 'bpe:512', 'wordpiece:400', 'unigram:400'])('%s is kept with the run: eval and generate speak it', async (kind) => {
    const name = `tokenizer-${kind.split(':')[0]}`;
    const { valLoss } = await trained(name, at('text.txt'), '--tokenizer', kind);
    const evaluated = await within('eval', at(name), at('text.txt'), '--json');
    expect(evaluated.json().loss).toBe(valLoss);
    const { code, json } = await within(
      'generate',
      at(name),
      '--prompt',
      stories[0]?.slice(0, 12) ?? '',
      '--max-new-tokens',
      '4',
      '--json',
    );
    expect([code, (json().newIds as number[]).length]).toEqual([0, 4]);
    const size = (await loadTokenizer(at(name)))?.size ?? 0;
    if (kind !== 'char') expect(size).toBeLessThanOrEqual(Number(kind.split(':')[1]));
    expect(JSON.parse(readFileSync(at(name, 'config.json'), 'utf8'))).toMatchObject({ vocab_size: size });
  });

  test('a text too small for the size gives fewer tokens, and it is said', async () => {
    const { code, err } = await within('train', at('other.txt'), '--tokenizer', 'bpe:5000', ...tiny, ...steps, '--out', at('small'));
    expect(code, err).toBe(0);
    const size = (await loadTokenizer(at('small')))?.size ?? 0;
    expect(size).toBeLessThan(5000);
    expect(err).toContain(`the data give only ${size} tokens`);
  });

  test('that of another run', async () => {
    await trained('borrowed', at('text.txt'), '--tokenizer', at('tokenizer-bpe'));
    const [own, borrowed] = ['tokenizer-bpe', 'borrowed'].map((run) => readFileSync(at(run, 'tokenizer.json')));
    expect(borrowed?.equals(own as Buffer)).toBe(true);
    const [first, second] = ['tokenizer-bpe', 'borrowed'].map((run) => readFileSync(at(run, 'model.safetensors')));
    expect(second?.equals(first as Buffer)).toBe(true);
  });
});

test('tokenised data are kept in --cache and used again', async () => {
  const { code } = await within('train', at('text.txt'), ...tiny, ...steps, '--cache', at('cache'), '--out', at('cached'));
  expect(code).toBe(0);
  const again = await within('train', at('text.txt'), ...tiny, ...steps, '--cache', at('cache'), '--out', at('again'));
  expect(again.code, again.err).toBe(0);
  const [first, second] = ['cached', 'again'].map((run) => readFileSync(at(run, 'optimizer.safetensors')));
  expect(second?.equals(first as Buffer)).toBe(true);
});
