import { files } from '#files';
import { fail } from '../core/index.js';
import { decodeText } from './utf8.js';

/** A text to learn from, and the files it was read from. */
export interface TextCorpus {
  readonly text: string;
  readonly sources: string[];
}

/** Between two documents: two files of a folder, two lines of a .jsonl. */
const documentBreak = '\n\n';
/** Folders nested deeper than this are a link that leads back to itself. */
const deepest = 32;
/** JavaScript engines hold strings of about 2²⁹ characters. */
const mostBytes = 2 ** 29 - 2 ** 16;

/**
 * Reads a text file, a `.jsonl` with a string field `text` on each line, or a folder of such files.
 *
 * A folder is read recursively in order of names. In it, names that begin with a dot, empty files, and binary files
 * whose names do not end in .txt, .md or .jsonl are passed over; documents are joined by a blank line.
 * A byte order mark is taken off; all else stays as it is.
 *
 * @throws `file` for a path that is missing, a folder without text, an empty or binary file, a bad .jsonl line
 * @example const { text, sources } = await readTextCorpus('plays.txt');
 */
export async function readTextCorpus(path: string): Promise<TextCorpus> {
  const { kind } = await files.stat(path);
  if (kind === 'missing') {
    throw fail('file', {
      where: path,
      rule: 'a text file, a .jsonl, or a folder of them',
      got: 'no such file or folder',
      fix: 'Check the path',
    });
  }
  if (kind === 'file') {
    const text = await readDocument(path);
    if (text.trim() === '')
      throw fail('file', { where: path, rule: 'a file with text', got: 'an empty file', fix: 'Give a file with text in it' });
    return { text, sources: [path] };
  }
  const sources: string[] = [];
  const documents: string[] = [];
  let length = 0;
  for await (const file of filesBelow(path, 0)) {
    const text = await readDocument(file).catch((error: unknown) => {
      if (isNamedText(file)) throw error;
      return ''; // a picture or an archive beside the texts
    });
    if (text.trim() === '') continue;
    length += text.length + documentBreak.length;
    if (length > mostBytes) throw tooLarge(path, length);
    sources.push(file);
    documents.push(text);
  }
  if (documents.length === 0) {
    throw fail('file', {
      where: path,
      rule: 'a folder with text files in it',
      got: 'a folder without any',
      fix: 'Put UTF-8 .txt, .md or .jsonl files with text there',
    });
  }
  return { text: documents.join(documentBreak), sources };
}

function isNamedText(path: string): boolean {
  return /\.(txt|md|jsonl)$/i.test(path);
}

async function* filesBelow(folder: string, depth: number): AsyncGenerator<string> {
  if (depth > deepest) {
    throw fail('file', {
      where: folder,
      rule: `folders nested at most ${deepest} deep`,
      got: 'deeper',
      fix: 'Is there a link to a folder above?',
    });
  }
  for (const name of await files.list(folder)) {
    if (name.startsWith('.')) continue;
    const path = files.join(folder, name);
    const { kind } = await files.stat(path); // `missing` here is a link that leads nowhere
    if (kind === 'folder') yield* filesBelow(path, depth + 1);
    else if (kind === 'file') yield path;
  }
}

async function readDocument(path: string): Promise<string> {
  const { bytes } = await files.stat(path);
  if (bytes > mostBytes) throw tooLarge(path, bytes);
  const text = decodeText(await files.readBytes(path), path);
  return /\.jsonl$/i.test(path) ? jsonlTexts(text, path).join(documentBreak) : text;
}

function tooLarge(path: string, got: number): Error {
  const mebibytes = (n: number) => `${Math.round(n / 2 ** 20)} MiB`;
  return fail('file', { where: path, rule: `at most ${mebibytes(mostBytes)} of text`, got: mebibytes(got), fix: 'Give a part of it' });
}

function jsonlTexts(content: string, path: string): string[] {
  const texts: string[] = [];
  for (const [index, line] of content.split('\n').entries()) {
    if (line.trim() === '') continue;
    const where = `${path}, line ${index + 1}`;
    const fix = 'Write one JSON object such as {"text": "..."} on each line';
    let value: unknown;
    try {
      value = JSON.parse(line);
    } catch (cause) {
      throw fail('file', { where, rule: 'one JSON object on each line', got: excerpt(line), fix, cause });
    }
    const text = typeof value === 'object' && value !== null ? (value as { text?: unknown }).text : undefined;
    if (typeof text !== 'string') throw fail('file', { where, rule: 'an object with a string field `text`', got: excerpt(line), fix });
    texts.push(text);
  }
  return texts;
}

function excerpt(line: string): string {
  const trimmed = line.trim();
  return trimmed.length > 60 ? `${trimmed.slice(0, 57)}...` : trimmed;
}
