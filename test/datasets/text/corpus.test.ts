import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { readTextCorpus } from '#dist/datasets/index.js';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'headlight-text-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function write(name: string, content: string | Uint8Array): Promise<string> {
  const path = join(folder, name);
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, content);
  return path;
}

/** The message of the one error of code `file`, on one line. */
async function complaint(path: string): Promise<string> {
  const error = await readTextCorpus(path).then(
    () => undefined,
    (e: unknown) => e as Error,
  );
  expect(error).toMatchObject({ name: 'HeadlightError', code: 'file' });
  expect(error?.message).not.toContain('\n');
  return error?.message ?? '';
}

describe('what it reads', () => {
  test('a text file as it is, but for its byte order mark', async () => {
    const text = ' Über allen\r\nGipfeln \u{1f319}\n\n';
    const path = await write('poem', `\ufeff${text}`);
    expect(await readTextCorpus(path)).toEqual({ text, sources: [path] });
  });

  test('the text fields of a .jsonl, blank lines left out', async () => {
    const path = await write('a.jsonl', '{"text": "one", "id": 1}\r\n\n{"text": "two\\nlines"}\n');
    expect((await readTextCorpus(path)).text).toBe('one\n\ntwo\nlines');
  });

  test('a folder, recursively and in order, without hidden, empty and binary files', async () => {
    await write('b.txt', 'second');
    await write('a/z.md', 'first');
    await write('c.jsonl', '{"text":"third"}');
    await write('d', 'fourth');
    await write('.git/config', 'hidden');
    await write('empty.txt', '');
    await write('picture.png', Uint8Array.of(0x89, 0x50, 0, 1));
    await symlink(join(folder, 'nowhere'), join(folder, 'dangling.txt'));
    expect(await readTextCorpus(folder)).toEqual({
      text: 'first\n\nsecond\n\nthird\n\nfourth',
      sources: ['a/z.md', 'b.txt', 'c.jsonl', 'd'].map((name) => join(folder, name)),
    });
  });
});

describe('what it refuses', () => {
  test('a missing path', async () => {
    const path = join(folder, 'none.txt');
    expect(await complaint(path)).toBe(
      `${path}: a text file, a .jsonl, a .csv, or a folder of them; got no such file or folder. Check the path.`,
    );
  });

  test('an empty file, and one of blanks', async () => {
    expect(await complaint(await write('a.txt', ''))).toContain('a file with text; got an empty file');
    expect(await complaint(await write('b.txt', '\ufeff \n'))).toContain('an empty file');
    expect(await complaint(await write('c.jsonl', '\n'))).toContain('an empty file');
  });

  test('a folder without text', async () => {
    await write('picture.png', Uint8Array.of(0x89, 0x50, 0, 1));
    expect(await complaint(folder)).toContain(`${folder}: a folder with text files in it; got a folder without any`);
  });

  test('a binary file, also in a folder when its name says it is text', async () => {
    const path = await write('a.txt', Uint8Array.of(65, 66, 0, 1));
    expect(await complaint(path)).toContain('a NUL byte at byte 2');
    expect(await complaint(folder)).toContain(path);
    expect(await complaint(await write('latin', Uint8Array.of(65, 0xe9, 65)))).toContain('0xe9 at byte 1');
  });

  test('a .jsonl line that is no JSON, no object, or has no text', async () => {
    const bad: [string, string][] = [
      ['{"text": "cut', 'one JSON object on each line; got {"text": "cut'],
      ['[1]', 'a string field `text`'],
      ['null', 'a string field `text`'],
      ['{"text": 3}', 'a string field `text`'],
      [`{"body": "${'long '.repeat(100)}"}`, '...'],
    ];
    for (const [line, said] of bad) {
      const message = await complaint(await write('a.jsonl', `{"text":"fine"}\n\n${line}\n`));
      expect(message).toContain('a.jsonl, line 3');
      expect(message).toContain(said);
      expect(message.length).toBeLessThan(300);
    }
  });

  test('a link that leads back to its own folder', async () => {
    await write('a/b.txt', 'text');
    await symlink(folder, join(folder, 'a', 'again'));
    expect(await complaint(folder)).toContain('nested at most 32 deep');
  });
});
