import { copyFile, mkdir, mkdtemp, readdir, readFile, rm, truncate, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { fingerprint, openText, type SourceTokens, type TokenizeOptions, textSource, tokenize } from '#dist/datasets/index.js';
import type { Tokenizer } from '#dist/tokenizers/index.js';

let folder = '';
let cache = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'headlight-tokenize-'));
  cache = join(folder, 'cache');
});
afterEach(() => rm(folder, { recursive: true, force: true }));

interface Spelling {
  /** Text to ids; by code point where it is left out. */
  readonly encode?: (text: string) => number[];
  readonly size?: number;
  readonly endOfText?: number;
}

/** A tokenizer whose ids are code points, or as said. */
function tokenizerOf({ encode, size = 2 ** 17, endOfText }: Spelling = {}): Tokenizer & { calls: number } {
  const codes = (text: string) => Array.from(text, (c) => c.codePointAt(0) as number);
  return {
    calls: 0,
    size,
    encode(text) {
      this.calls++;
      return (encode ?? codes)(text);
    },
    encodeWithOffsets: () => ({ ids: [], offsets: [] }),
    idOf: (token) => (token === '<|endoftext|>' ? endOfText : undefined),
    decode: (ids) => String.fromCodePoint(...ids),
    tokens: (ids) => ids.map(String),
    toJson: () => ({ size }),
    configJson: {},
  };
}

const codesOf = (text: string) => Array.from(text, (c) => c.codePointAt(0) as number);
const all = async (tokens: SourceTokens) => [...(await tokens.read(0, tokens.length))];
/** Small texts into files too, in small shards. */
const toFiles = (): TokenizeOptions => ({ cache, mostInMemory: 0, shardTokens: 7 });

async function write(name: string, content: string): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, content);
  return path;
}
/** The one folder of tokens. */
async function kept(): Promise<string> {
  const names = await readdir(join(cache, 'tokens'));
  expect(names).toHaveLength(1);
  return join(cache, 'tokens', names[0] as string);
}

describe.each([
  ['in memory', () => ({})],
  ['in files', toFiles],
] as const)('%s', (_, options) => {
  test('ids are those of the text; documents begin behind the blank line between them', async () => {
    const path = await write('a.jsonl', '{"text":"one"}\n{"text":""}\n{"text":"zwölf\u{1f319}"}\n');
    const tokens = await tokenize(await openText(path), tokenizerOf(), options());
    expect(await all(tokens)).toEqual(codesOf('one\n\n\n\nzwölf\u{1f319}'));
    expect(Array.from(tokens.documents ?? [])).toEqual([0, 5, 7]);
    expect(tokens.where).toBe(path);
    await tokens.close();
  });

  test('<|endoftext|> ends documents where the vocabulary has it; empty ones are none', async () => {
    const path = await write('a.jsonl', '{"text":""}\n{"text":"ab"}\n{"text":""}\n{"text":"c"}\n{"text":""}\n');
    const tokens = await tokenize(await openText(path), tokenizerOf({ endOfText: 999 }), options());
    expect(await all(tokens)).toEqual([...codesOf('ab'), 999, ...codesOf('c'), 999]);
    expect(Array.from(tokens.documents ?? [])).toEqual([0, 3]);
    await tokens.close();
  });

  test('one document has no end, and no list of documents', async () => {
    const tokens = await tokenize(textSource('a', 'one text'), tokenizerOf({ endOfText: 999 }), options());
    expect(await all(tokens)).toEqual(codesOf('one text'));
    expect(tokens.documents).toBeUndefined();
    await tokens.close();
  });

  test('progress runs to the end; a signal stops it', async () => {
    const path = await write('a.txt', 'some text\n'.repeat(1_000_000));
    const source = await openText(path);
    const heard: number[] = [];
    const tokens = await tokenize(source, tokenizerOf({ encode: (text) => [text.length], size: 2 ** 32 }), {
      ...options(),
      onProgress: (bytes, total) => {
        heard.push(bytes);
        expect(total).toBe(10_000_000);
      },
    });
    await tokens.close();
    expect(heard.length).toBeGreaterThan(1);
    expect(heard).toEqual([...heard].sort((a, b) => a - b));
    expect(heard.at(-1)).toBe(10_000_000);
    const other = tokenizerOf({ size: 100 });
    await expect(tokenize(source, other, { ...options(), signal: AbortSignal.abort(new Error('stopped')) })).rejects.toThrow('stopped');
    expect(other.calls).toBe(0);
  });

  test('a blank line between documents is encoded as GPT-2 reads one that text follows: newline by newline', async () => {
    const runs = (text: string) => (text.match(/\S+|\s+(?!\S)|\s+/g) ?? []).map((part) => part.length);
    const path = await write('a.jsonl', '{"text":"one two"}\n{"text":"three"}\n{"text":"four"}\n');
    const tokens = await tokenize(await openText(path), tokenizerOf({ encode: runs }), options());
    expect(await all(tokens)).toEqual(runs('one two\n\nthree\n\nfour'));
    await tokens.close();
  });
});

test.each([256, 257, 65_536, 65_537])('ids of a vocabulary of %i come back from files, any part of them, across shards', async (size) => {
  const ids = [0, size - 1, ...Array.from({ length: 60 }, (_, i) => (i * 7919) % size)];
  const tokens = await tokenize(textSource('a', 'text'), tokenizerOf({ encode: () => ids, size }), toFiles());
  for (const [start, end] of [
    [0, 62],
    [0, 0],
    [6, 8],
    [7, 14],
    [13, 30],
    [61, 62],
    [62, 62],
  ] as const) {
    expect([...(await tokens.read(start, end))]).toEqual(ids.slice(start, end));
  }
  await expect(async () => tokens.read(60, 63)).rejects.toThrow('a range within 62 tokens; got 60 to 63.');
  await tokens.close();
  const width = size <= 256 ? 1 : size <= 65_536 ? 2 : 4;
  expect((await readFile(join(await kept(), 'tokens-00000.bin'))).length).toBe(7 * width);
});

test('a large text in pieces has the ids of the whole', async () => {
  const text = Array.from({ length: 700_000 }, (_, i) => `wörd ${i}\n`).join('');
  const lengths = (piece: string) => (piece.match(/\S+|\s/g) ?? []).map((word) => word.length);
  const path = await write('a.txt', text);
  const tokens = await tokenize(await openText(path), tokenizerOf({ encode: lengths }), { cache, mostInMemory: 0 });
  const expected = lengths(text);
  expect(tokens.length).toBe(expected.length);
  expect((await tokens.read(0, tokens.length)).every((id, at) => id === expected[at])).toBe(true);
  await tokens.close();
});

describe('the cache', () => {
  const source = () => textSource('a', 'some text');

  test('is found again by content, wherever the file is', async () => {
    const first = await write('a.txt', 'some text');
    await mkdir(join(folder, 'b'));
    await copyFile(first, join(folder, 'b', 'moved'));
    await (await tokenize(await openText(first), tokenizerOf(), toFiles())).close();
    const again = tokenizerOf();
    const tokens = await tokenize(await openText(join(folder, 'b', 'moved')), again, toFiles());
    expect(again.calls).toBe(0);
    expect(await all(tokens)).toEqual(codesOf('some text'));
    await tokens.close();
  });

  test('is made anew for another text and another tokenizer', async () => {
    for (const [text, size] of [
      ['some text', 200],
      ['some texts', 200],
      ['some text', 201],
    ] as const) {
      const tokenizer = tokenizerOf({ size });
      await (await tokenize(textSource('a', text), tokenizer, toFiles())).close();
      expect(tokenizer.calls).toBe(1);
    }
    expect(await readdir(join(cache, 'tokens'))).toHaveLength(3);
  });

  test.each([
    ['a shard cut short', (at: string) => truncate(join(at, 'tokens-00001.bin'), 1)],
    ['a shard gone', (at: string) => rm(join(at, 'tokens-00000.bin'))],
    ['documents cut short', (at: string) => truncate(join(at, 'documents.bin'), 4)],
    ['no index', (at: string) => rm(join(at, 'index.json'))],
    ['an index cut short', (at: string) => truncate(join(at, 'index.json'), 20)],
    ['an index of another version', (at: string) => writeFile(join(at, 'index.json'), '{"version":0}')],
    [
      'an index that counts wrong',
      async (at: string) => {
        const index = JSON.parse(await readFile(join(at, 'index.json'), 'utf8'));
        await writeFile(join(at, 'index.json'), JSON.stringify({ ...index, tokens: 5 }));
      },
    ],
  ])('that is damaged is made anew: %s', async (_, damage) => {
    await (await tokenize(source(), tokenizerOf(), toFiles())).close();
    await damage(await kept());
    const again = tokenizerOf();
    const tokens = await tokenize(source(), again, toFiles());
    expect(again.calls).toBe(1);
    expect(await all(tokens)).toEqual(codesOf('some text'));
    await tokens.close();
    await kept();
  });

  test('damage that keeps sizes is noticed when an id cannot be', async () => {
    const tokens = await tokenize(source(), tokenizerOf({ size: 200 }), toFiles());
    await writeFile(join(await kept(), 'tokens-00000.bin'), new Uint8Array(7).fill(201));
    await expect(async () => tokens.read(0, 3)).rejects.toThrow('token ids below 200; got others: the file is damaged.');
    await tokens.close();
  });

  test('a run that fails leaves nothing; what a killed one left goes when it is old, not before', async () => {
    const failing = tokenizerOf({
      encode: () => {
        throw new Error('no');
      },
    });
    await expect(tokenize(source(), failing, toFiles())).rejects.toThrow('no');
    expect(await readdir(join(cache, 'tokens'))).toEqual([]);
    for (const [name, age] of [
      ['.old.0123456789ab.tmp', 7200],
      ['.new.0123456789ab.tmp', 60],
    ] as const) {
      const path = join(cache, 'tokens', name);
      await mkdir(path);
      await writeFile(join(path, 'tokens-00000.bin'), 'x');
      const time = Date.now() / 1000 - age;
      await utimes(join(path, 'tokens-00000.bin'), time, time);
      await utimes(path, time, time);
    }
    await (await tokenize(source(), tokenizerOf(), toFiles())).close();
    const names = await readdir(join(cache, 'tokens'));
    expect(names).toHaveLength(2);
    expect(names).toContain('.new.0123456789ab.tmp');
  });

  test('two at once both succeed', async () => {
    const made = await Promise.all([1, 2, 3].map(() => tokenize(source(), tokenizerOf(), toFiles())));
    for (const tokens of made) {
      expect(await all(tokens)).toEqual(codesOf('some text'));
      await tokens.close();
    }
    await kept();
  });

  test('that cannot be written says what to set', async () => {
    await writeFile(join(folder, 'taken'), 'a file');
    const options = { ...toFiles(), cache: join(folder, 'taken') };
    await expect(tokenize(source(), tokenizerOf(), options)).rejects.toThrow(
      `${join(folder, 'taken')}: a folder with room, to keep the tokens of a large text in; got a file where a folder should be. Set HEADLIGHT_CACHE`,
    );
  });

  test('is where HEADLIGHT_CACHE says', async () => {
    vi.stubEnv('HEADLIGHT_CACHE', cache);
    await (await tokenize(source(), tokenizerOf(), { mostInMemory: 0 })).close();
    vi.unstubAllEnvs();
    await kept();
  });

  test('refuses ids that the vocabulary does not have, rather than to keep others', async () => {
    const liar = tokenizerOf({ encode: () => [300], size: 256 });
    await expect(tokenize(source(), liar, toFiles())).rejects.toThrow("tokenize: ids below the vocabulary's 256; got 300.");
  });
});

test('small texts are not written anywhere', async () => {
  await tokenize(textSource('a', 'some text'), tokenizerOf(), { cache });
  expect(await readdir(folder)).toEqual([]);
});

test('a fingerprint is the content and the number of tokens', async () => {
  const source = textSource('a', 'some text');
  const tokens = await tokenize(source, tokenizerOf());
  expect(await fingerprint(source, tokens)).toEqual({ hash: await textSource('b', 'some text').hash(), tokens: 9 });
});
