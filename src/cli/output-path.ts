import { files } from '#files';
import { fail } from '../core/index.js';

const fix = 'Choose another path';

/**
 * Looks, before any work, whether a file can be written to a path.
 *
 * @throws file: the path is a folder, or lies below a file
 */
export async function checkOutputFile(path: string): Promise<void> {
  if ((await files.stat(path)).kind === 'folder') throw fail('file', { where: path, rule: 'a file to write', got: 'a folder', fix });
  await checkParents(path, path);
}

/**
 * Looks whether a folder for a run can be made: nothing that stands there is lost.
 *
 * @throws file: the folder has files in it, is a file, or lies below one
 */
export async function checkNewFolder(folder: string): Promise<void> {
  const { kind } = await files.stat(folder);
  if (kind === 'missing') return checkParents('--out', folder);
  if (kind === 'folder' && (await files.list(folder)).length === 0) return;
  throw fail('file', {
    where: '--out',
    rule: 'a new or an empty folder',
    got: kind === 'file' ? `${folder}, a file` : `${folder}, which has files in it`,
    fix: `Choose another folder${kind === 'file' ? '' : `, or go on with a run that is there: --resume ${folder}`}`,
  });
}

/** Folders that are missing will be made; a file in their place stands in the way. */
async function checkParents(where: string, path: string): Promise<void> {
  const parts = path.split(/[/\\]/);
  for (let n = parts.length - 1; n > 0; n--) {
    const parent = parts.slice(0, n).join('/');
    if (parent === '') return;
    const { kind } = await files.stat(parent);
    if (kind === 'folder') return;
    if (kind === 'file') throw fail('file', { where, rule: 'a path below a folder', got: `${path}, below ${parent}, a file`, fix });
  }
}
