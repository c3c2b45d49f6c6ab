import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { HeadlightError } from '#dist/core/index.js';
import { CharacterTokenizer, loadTokenizer, saveTokenizer, type Tokenizer, trainCharacterTokenizer } from '#dist/tokenizers/index.js';
import { shared } from './shared.js';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'headlight-tokenizers-'));
});
afterAll(() => rm(folder, { recursive: true }));

async function load(path: string): Promise<Tokenizer> {
  const tokenizer = await loadTokenizer(path);
  if (tokenizer === undefined) throw new Error(`no tokenizer in ${path}`);
  return tokenizer;
}

async function failure(json: string, config = '{}'): Promise<HeadlightError> {
  await writeFile(join(folder, 'tokenizer.json'), json);
  await writeFile(join(folder, 'tokenizer_config.json'), config);
  try {
    await loadTokenizer(folder);
  } catch (error) {
    expect(error).toBeInstanceOf(HeadlightError);
    return error as HeadlightError;
  }
  throw new Error(`loaded: ${json.slice(0, 100)}`);
}

const texts = [
  'Hello, world!  Two spaces\n\nand lines\t\ttabs ',
  " don't we'll I've 's",
  'naïve café — “quotes” … 12345 3.14e-10',
  '日本語テキスト 😀👩‍👩‍👧 𝔘𝔫𝔦 العربية עברית',
  '\u0000\u0001\u007f\u00a0\u00ad\u2028\ufeff',
];

const gpt2 = shared('tokenizers/gpt2');
describe.skipIf(gpt2 === undefined)('GPT-2', () => {
  it('has the published ids', async () => {
    const tokenizer = await load(gpt2 as string);
    expect(tokenizer.size).toBe(50257);
    expect(tokenizer.encode('Hello world')).toEqual([15496, 995]);
    expect(tokenizer.encode('a<|endoftext|>b')).toEqual([64, 50256, 65]);
    expect(tokenizer.decode([64, 50256, 65])).toBe('ab');
    expect(tokenizer.decode([64, 50256, 65], { specialTokens: true })).toBe('a<|endoftext|>b');
    expect(tokenizer.decode([])).toBe('');
  });

  it('gives every text back', async () => {
    const tokenizer = await load(gpt2 as string);
    for (const text of texts) expect(tokenizer.decode(tokenizer.encode(text))).toBe(text);
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 60 }), (text) => {
        expect(tokenizer.decode(tokenizer.encode(text))).toBe(text);
      }),
    );
  });

  it('shows tokens as a person reads them, and lone bytes as bytes', async () => {
    const tokenizer = await load(gpt2 as string);
    expect(tokenizer.tokens(tokenizer.encode('Hello world\n'))).toEqual(['Hello', ' world', '\n']);
    const pieces = tokenizer.tokens(tokenizer.encode('😀'));
    const bytes = [...pieces.join('').matchAll(/<0x([0-9A-F]{2})>/g)].map((m) => Number.parseInt(m[1] as string, 16));
    expect(bytes).toEqual([...new TextEncoder().encode('😀')]);
    expect(tokenizer.tokens([50256])).toEqual(['<|endoftext|>']);
  });

  it('is saved as it was read', async () => {
    const tokenizer = await load(gpt2 as string);
    await saveTokenizer(folder, tokenizer);
    const read = async (path: string): Promise<unknown> => JSON.parse(await readFile(path, 'utf8'));
    for (const name of ['tokenizer.json', 'tokenizer_config.json']) {
      expect(await read(join(folder, name))).toEqual(await read(join(gpt2 as string, name)));
    }
  });

  it('refuses ids outside the vocabulary', async () => {
    const tokenizer = await load(gpt2 as string);
    for (const id of [-1, 50257, 1.5]) expect(() => tokenizer.decode([0, id])).toThrow(/from 0 to 50256/);
  });
});

const bert = shared('tokenizers/bert');
describe.skipIf(bert === undefined)('BERT', () => {
  it('has the published ids, with and without the tokens around', async () => {
    const tokenizer = await load(bert as string);
    expect(tokenizer.size).toBe(30522);
    expect(tokenizer.encode('Hello, world!')).toEqual([101, 7592, 1010, 2088, 999, 102]);
    expect(tokenizer.encode('Hello, world!', { specialTokens: false })).toEqual([7592, 1010, 2088, 999]);
    expect(tokenizer.decode([101, 7592, 1010, 2088, 999, 102])).toBe('hello, world!');
    expect(tokenizer.tokens(tokenizer.encode('embeddings')).slice(1, -1)).toEqual(['em', '##bed', '##ding', '##s']);
  });
});

const stories = shared('models/stories260k');
describe.skipIf(stories === undefined)('the stories tokenizer', () => {
  it('begins a text with <s> and gives it back', async () => {
    const tokenizer = await load(stories as string);
    expect(tokenizer.size).toBe(512);
    expect(tokenizer.encode('Once upon a time')[0]).toBe(1);
    expect(tokenizer.encode('Once', { specialTokens: false })).not.toContain(1);
    for (const text of ['Once upon a time, there was a little girl named Lily .', 'é 😀\n  two', ...texts.slice(0, 4)]) {
      expect(tokenizer.decode(tokenizer.encode(text))).toBe(text);
    }
    expect(tokenizer.tokens([1, 13])).toEqual(['<s>', '\n']);
    expect(tokenizer.tokens(tokenizer.encode('a time')).join('')).toBe('<s> a time');
  });
});

describe('a folder', () => {
  it('without tokenizer.json has no tokenizer', async () => {
    expect(await loadTokenizer(join(folder, 'nowhere'))).toBeUndefined();
  });

  it('keeps a character tokenizer', async () => {
    const text = 'one\ntwo  three\u2028 é 😀';
    const tokenizer = trainCharacterTokenizer(text);
    await saveTokenizer(folder, tokenizer);
    const again = await load(folder);
    expect(again).toBeInstanceOf(CharacterTokenizer);
    expect(again.encode(text)).toEqual(tokenizer.encode(text));
    expect(again.configJson).toEqual(tokenizer.configJson);
  });

  it('with damaged files gives one clear line of code tokenizer', async () => {
    const good = trainCharacterTokenizer('abc').toJson() as { model: object };
    const changed = (fields: object): string => JSON.stringify({ ...good, ...fields });
    const model = (fields: object): string => changed({ model: { ...good.model, ...fields } });
    const deep = `${'['.repeat(50_000)}${']'.repeat(50_000)}`;
    const cases = [
      '',
      '{"model": {"type": "BPE", "vo',
      'null',
      '[]',
      '{}',
      '"text"',
      deep,
      changed({ model: null }),
      changed({ model: { type: 'Nothing' } }),
      changed({ decoder: { type: 'Nothing' } }),
      changed({ added_tokens: null }),
      changed({ added_tokens: [{ id: 4_000_000_000, content: 'x' }] }),
      changed({ added_tokens: [{ id: -1, content: 'x' }] }),
      changed({ added_tokens: [null] }),
      changed({ pre_tokenizer: { type: 'Split', pattern: { Regex: '([' }, behavior: 'Isolated' } }),
      model({ vocab: { a: 1e9 } }),
      model({ vocab: { a: 'x' } }),
      model({ vocab: {} }),
      model({ vocab: null }),
      model({ merges: null }),
    ];
    for (const json of cases) {
      const error = await failure(json);
      expect(error.code).toBe('tokenizer');
      expect(error.message).toContain('tokenizer.json');
      expect(error.message).not.toContain('\n');
      expect(error.message.length).toBeLessThan(600);
    }
    expect((await failure(JSON.stringify(good), '{')).message).toContain('tokenizer_config.json');
  });
});
