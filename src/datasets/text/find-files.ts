import { files } from '#files';
import { fail } from '../../core/index.js';
import { TextFile } from './text-file.js';

/** Folders nested deeper than this are a link that leads back to itself. */
const deepest = 32;

/**
 * The text files that a path names: itself, or those in a folder, recursively in order of names. In a folder, names that
 * begin with a dot, files without text, and binary files whose names do not say that they are text are passed over.
 */
export async function findTextFiles(path: string, column: string | undefined): Promise<TextFile[]> {
  const { kind, bytes } = await files.stat(path);
  if (kind === 'missing') {
    throw fail('file', {
      where: path,
      rule: 'a text file, a .jsonl, a .csv, or a folder of them',
      got: 'no such file or folder',
      fix: 'Check the path',
    });
  }
  if (kind === 'file') {
    const file = new TextFile(path, bytes, column);
    if (await file.hasText()) return [file];
    throw fail('file', { where: path, rule: 'a file with text', got: 'an empty file', fix: 'Give a file with text in it' });
  }
  const found: TextFile[] = [];
  for await (const file of filesBelow(path, column, 0)) {
    // Beside texts may lie pictures and archives: what is not named a text is read through before it counts as one.
    if ((isNamedText(file.path) || (await file.isText())) && (await file.hasText())) found.push(file);
  }
  if (found.length > 0) return found;
  throw fail('file', {
    where: path,
    rule: 'a folder with text files in it',
    got: 'a folder without any',
    fix: 'Put UTF-8 .txt, .md, .jsonl or .csv files with text there',
  });
}

function isNamedText(path: string): boolean {
  return /\.(txt|md|jsonl|csv)$/i.test(path);
}

async function* filesBelow(folder: string, column: string | undefined, depth: number): AsyncGenerator<TextFile> {
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
    const { kind, bytes } = await files.stat(path); // `missing` here is a link that leads nowhere
    if (kind === 'folder') yield* filesBelow(path, column, depth + 1);
    else if (kind === 'file') yield new TextFile(path, bytes, column);
  }
}
