import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { convertToGguf } from '#dist/checkpoints/index.js';
import { trainCharacterTokenizer } from '#dist/tokenizers/index.js';
import { MockHub } from '../checkpoints/hub/mock-hub.js';
import { fixture } from '../support/arrays.js';
import { temporaryFolder, within } from './command.js';

const here = temporaryFolder();
const id = 'owner/name';
const png = fixture('images/png-type2-depth8.png');
let hub: MockHub | undefined;
let home = '';

beforeEach(() => {
  home = join(here, crypto.randomUUID());
  mkdirSync(home);
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await hub?.stop();
  hub = undefined;
});

/** Serves a fixture's files and some more, and what nobody needs. */
async function serve(folder: string | undefined, more: Readonly<Record<string, Uint8Array>> = {}): Promise<void> {
  const names = folder === undefined ? [] : readdirSync(fixture(folder), { recursive: true, encoding: 'utf8', withFileTypes: true });
  const paths = names.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  const own = paths.map((path) => [path.slice(fixture(folder ?? '').length + 1), new Uint8Array(readFileSync(path))] as const);
  hub = new MockHub({ ...Object.fromEntries(own), ...more, 'README.md': new Uint8Array(3), 'pytorch_model.bin': new Uint8Array(3) });
  vi.stubEnv('HF_HOME', home);
  vi.stubEnv('HF_ENDPOINT', await hub.start());
  for (const name of ['HF_HUB_CACHE', 'HF_TOKEN', 'HF_HUB_OFFLINE']) vi.stubEnv(name, '');
}

const bytes = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value));

describe('a model of the hub is used as its folder is', () => {
  test('embed, with the pooling that its modules say', async () => {
    await serve('minilm-tiny');
    const fetched = await within('embed', id, '--text', 'the cat', '--json');
    expect(fetched.json(), fetched.err).toEqual((await within('embed', fixture('minilm-tiny'), '--text', 'the cat', '--json')).json());
    expect(fetched.json().normalized).toBe(true);
    expect(hub?.seen.map(({ path }) => path).filter((path) => /README|\.bin|reference/.test(path))).toEqual([]);
  });

  test('classify and attend, with the preprocessing of its images', async () => {
    const size = { height: 12, width: 12 };
    const preprocessor = {
      image_processor_type: 'ViTImageProcessor',
      size,
      resample: 2,
      image_mean: [0.4, 0.5, 0.6],
      image_std: [1, 1, 1],
    };
    await serve('vit-tiny', { 'preprocessor_config.json': bytes(preprocessor) });
    const { code, err, json } = await within('classify', id, '--image', png, '--json');
    expect(code, err).toBe(0);
    expect((json().results as { labels: unknown[] }[])[0]?.labels).toHaveLength(5);
    const attend = await within('attend', id, '--image', png, '--svg', join(home, 'a.svg'), '--json');
    expect(attend.json(), attend.err).toMatchObject({ layers: 2, tokens: 10 });
  });

  test('fill, classify, answer and sites', async () => {
    await serve('bert-masked');
    const fill = await within('fill', id, '--text', 'the [MASK]', '--json');
    expect(fill.json()).toEqual((await within('fill', fixture('bert-masked'), '--text', 'the [MASK]', '--json')).json());
    expect((await within('sites', id, '--json')).json()).toEqual((await within('sites', fixture('bert-masked'), '--json')).json());
  });

  test('chat, with the template in its own file', async () => {
    const template = new TextEncoder().encode('{% for m in messages %}{{ m.content }}{% endfor %}');
    const letters = trainCharacterTokenizer('abc def').toJson();
    await serve('gpt2-tiny', { 'chat_template.jinja': template, 'tokenizer.json': bytes(letters) });
    const { code, err, json } = await within('chat', id, '--prompt', 'abc', '--max-new-tokens', '3', '--json');
    expect(code, err).toBe(0);
    expect(json().replies).toMatchObject([{ promptTokens: 3 }]);
  });
});

describe('a GGUF file of the hub', () => {
  test('is named after the id, and is all that is fetched', async () => {
    const file = join(home, 'tiny.gguf');
    await convertToGguf(fixture('gpt2-tiny'), file, { type: 'F32' });
    await serve(undefined, { 'quants/tiny-F32.gguf': new Uint8Array(readFileSync(file)), 'other.gguf': new Uint8Array(9) });
    const { code, err, json } = await within('sites', `${id}/quants/tiny-F32.gguf`, '--json');
    expect(code, err).toBe(0);
    expect(json()).toEqual((await within('sites', fixture('gpt2-tiny'), '--json')).json());
    expect(hub?.seen.some(({ path }) => path.includes('other'))).toBe(false);
    const bare = await within('sites', id);
    expect([bare.code, bare.out]).toEqual([2, '']);
    expect(bare.err).toMatch(
      /^headlight: owner\/name: .*as safetensors; got .*\. Name one of its files: owner\/name\/quants\/tiny-F32\.gguf\.\n$/,
    );
    const none = await within('sites', `${id}/none.gguf`);
    expect([none.code, none.err]).toEqual([
      2,
      expect.stringMatching(/^headlight: owner\/name: a file that fits none\.gguf; got [^\n]*\n$/),
    ]);
  });
});

test('a model that does not exist: one line, exit 2, for every command', async () => {
  await serve('minilm-tiny');
  const out = join(home, 'out');
  for (const args of [
    ['generate', '--prompt', 'a'],
    ['chat', '--prompt', 'a'],
    ['eval', 'stories'],
    ['embed', '--text', 'a'],
    ['fill', '--text', '[MASK]'],
    ['classify', '--text', 'a'],
    ['classify', '--image', png],
    ['answer', '--question', 'a', '--context', 'b'],
    ['sites'],
    ['capture', '--text', 'a', '--sites', '*', '--out', out],
    ['attend', '--text', 'a', '--svg', out],
  ]) {
    const [name = '', ...rest] = args;
    const finished = await within(name, 'no/such', ...rest);
    expect([finished.code, finished.out], name).toEqual([2, '']);
    expect(finished.err, name).toMatch(/^headlight: [^\n]*a model "no\/such" that the hub has; got HTTP status 404[^\n]*\n$/);
  }
  expect(readdirSync(home).filter((name) => name === 'out')).toEqual([]);
});
