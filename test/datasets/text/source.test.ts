import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openText, pieces, readTextCorpus, sampleText, type TextSource, textSource } from '#dist/datasets/index.js';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'headlight-source-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function write(name: string, content: string | Uint8Array): Promise<string> {
  const path = join(folder, name);
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, content);
  return path;
}

async function all<T>(values: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const value of values) found.push(value);
  return found;
}

async function documents(source: TextSource): Promise<string[]> {
  const texts: string[] = [];
  for (const { text, begins } of (await all(source.read())).flat()) {
    if (begins) texts.push(text);
    else texts.push((texts.pop() as string) + text);
  }
  return texts;
}

const fileError = expect.objectContaining({ name: 'HeadlightError', code: 'file' });

describe('documents', () => {
  test('a plain file is one, in pieces that are cut at lines; characters on the border of two blocks are whole', async () => {
    // 11 bytes: no power of two, so that blocks are cut within its characters.
    const text = 'é\u{1f319}汉b\n'.repeat(900_000);
    const path = await write('a.txt', text);
    const source = await openText(path);
    const found = (await all(source.read())).flat();
    expect(found.map(({ begins }) => begins)).toEqual([true, ...found.slice(1).map(() => false)]);
    expect(found.length).toBeGreaterThan(2);
    for (const piece of found) expect(piece.text.endsWith('b\n')).toBe(true);
    expect(found.map((piece) => piece.text).join('') === text).toBe(true);
    expect(source.bytes).toBe(Buffer.byteLength(text));
  });

  test('each line of a .jsonl and each row of a .csv is one; a column may be named', async () => {
    const jsonl = await write('a.jsonl', '{"text":"one","body":"1"}\n\n{"text":"two","body":"2"}');
    const csv = await write('b.csv', '\ufeffid,text,body\r\n1,"three, or\r\n""so""",3\r\n\r\n2,four,4\r\n');
    expect(await documents(await openText([jsonl, csv]))).toEqual(['one', 'two', 'three, or\r\n"so"', 'four']);
    expect(await documents(await openText(folder, { column: 'body' }))).toEqual(['1', '2', '3', '4']);
    expect((await readTextCorpus(csv)).text).toBe('three, or\r\n"so"\n\nfour');
  });

  test('rows longer than a block are whole', async () => {
    const long = 'word "quoted"\n'.repeat(700_000);
    const jsonl = await write('a.jsonl', `{"text":"x"}\n${JSON.stringify({ text: long })}\n{"text":"y"}\n`);
    const csv = await write('b.csv', `text\n"${long.replaceAll('"', '""')}"\ny\n`);
    expect((await documents(await openText(jsonl))).map((text) => text === long || text)).toEqual(['x', true, 'y']);
    expect((await documents(await openText(csv))).map((text) => text === long || text)).toEqual([true, 'y']);
  });

  test('a file without a known ending is passed over when it turns out to be binary, even late', async () => {
    const late = new Uint8Array(2 ** 22 + 10).fill(0x61);
    late[2 ** 22 + 5] = 0;
    await write('archive', late);
    await write('notes', 'text');
    expect((await openText(folder)).sources).toEqual([join(folder, 'notes')]);
  });
});

describe('what it refuses', () => {
  test('a column that is not there, with those that are', async () => {
    const csv = await write('a.csv', 'id,body,label\n1,x,2\n');
    await expect(openText(csv)).rejects.toThrow(
      `${csv}: a header row with a column "text"; got id, body, label. Name the column to read with --column; the nearest is "`,
    );
    await expect(openText(csv, { column: 'boddy' })).rejects.toThrow('the nearest is "body".');
    const jsonl = await write('a.jsonl', '{"body":"x"}\n');
    await expect(openText(jsonl)).rejects.toThrow('such as body.');
  });

  test('a row with another number of fields, by its line', async () => {
    const csv = await write('a.csv', 'id,text\n1,"a\nb"\n2,b,c\n');
    await expect(openText(csv)).rejects.toThrow(`${csv}, line 4: 2 fields, as the header has; got 3: 2,b,c.`);
  });

  test('--column where nothing has columns', async () => {
    const path = await write('a.txt', 'text');
    await expect(openText(path, { column: 'body' })).rejects.toThrow('--column: a .jsonl or a .csv to read a column of');
  });

  test('text that is broken beyond the first block, when it is read, by its byte', async () => {
    const bytes = new TextEncoder().encode('lines\n'.repeat(800_000));
    bytes[2 ** 22 + 3] = 0xff;
    const path = await write('a.txt', bytes);
    const source = await openText(path);
    await expect(all(source.read())).rejects.toThrow(`${path}: text in UTF-8; got 0xff at byte ${2 ** 22 + 3},`);
  });

  test('a file that changes between two readings', async () => {
    const path = await write('a.txt', 'one');
    const source = await openText(path);
    await source.hash();
    await write('a.txt', 'two');
    await expect(all(source.read())).rejects.toThrow(fileError);
    await expect(all(source.read())).rejects.toThrow('stays as it is while it is read');
  });
});

describe('hash', () => {
  test('is of the content: not of names, but of order, format and column', async () => {
    const a = await write('x/a.txt', 'one');
    const b = await write('x/b.txt', 'two');
    const moved = [await write('y/1.txt', 'one'), await write('y/2.txt', 'two')];
    const hash = async (...args: Parameters<typeof openText>) => (await openText(...args)).hash();
    const first = await hash([a, b]);
    expect(first).toMatch(/^[0-9a-f]{64}$/);
    expect(await hash(moved)).toBe(first);
    expect(await hash(join(folder, 'x'))).toBe(first);
    const row = '{"text":"one","body":"1"}\n';
    const others = [
      await hash([b, a]),
      await hash(a),
      await hash(await write('c.txt', 'onetwo')),
      await hash(await write('d.jsonl', row)),
      await hash(await write('d.jsonl', row), { column: 'body' }),
      await hash(await write('d.txt', row)),
    ];
    expect(new Set([first, ...others]).size).toBe(others.length + 1);
  });

  test('is the same by itself, from reading, and of the same text in memory', async () => {
    const text = 'a line of text\n'.repeat(400_000);
    const path = await write('a.txt', text);
    const read = await openText(path);
    await all(read.read());
    const alone = await (await openText(path)).hash();
    expect(await read.hash()).toBe(alone);
    expect(await textSource('a', text).hash()).toBe(alone);
    await write('a.txt', text.replace('a line', 'A line'));
    expect(await (await openText(path)).hash()).not.toBe(alone);
  });
});

describe('sampleText', () => {
  const lines = Array.from({ length: 60_000 }, (_, i) => `line ${String(i).padStart(6, '0')}\n`); // 12 bytes each

  test('takes slices evenly, no more than asked, each a part of the text', async () => {
    const text = lines.join('');
    const source = textSource('a', text);
    for (const bytes of [2000, 50_000, 300_000]) {
      const slices = await all(sampleText(source, bytes));
      const taken = slices.join('').length;
      expect(taken).toBeLessThanOrEqual(bytes);
      expect(taken).toBeGreaterThan(bytes * 0.8);
      const places = slices.map((slice) => text.indexOf(slice) / text.length);
      for (const slice of slices) expect(text).toContain(slice);
      // As much from each quarter.
      for (let quarter = 0; quarter < 4; quarter++) {
        const within = slices.filter((_, i) => Math.floor((places[i] as number) * 4) === quarter);
        expect(Math.abs(within.join('').length - taken / 4)).toBeLessThan(taken / 4);
      }
    }
  });

  test('takes a small source whole', async () => {
    const source = textSource('a', 'all of it');
    expect((await all(sampleText(source, 1000))).join('')).toBe('all of it');
  });
});

test('pieces are what readTextCorpus reads', async () => {
  await write('a.txt', 'one\n');
  await write('b.jsonl', '{"text":""}\n{"text":"two"}\n{"text":""}\n');
  const { text } = await readTextCorpus(folder);
  expect(text).toBe('one\n\n\n\n\ntwo\n\n');
  expect((await all(pieces(await openText(folder)))).join('')).toBe(text);
});
