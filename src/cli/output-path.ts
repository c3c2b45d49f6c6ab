import { files } from '#files';
import { fail, HeadlightError } from '../core/index.js';

const fix = 'Choose another path';

/**
 * Looks, before any work, whether a file can be written to a path.
 *
 * @throws file: the path is a folder, or lies below a file
 */
async function checkOutputFile(path: string): Promise<void> {
  if ((await files.stat(path)).kind === 'folder') throw fail('file', { where: path, rule: 'a file to write', got: 'a folder', fix });
  await checkParents(path, path);
}

/** Files of a checkpoint, a run or a corpus, by their endings: what a command reads there it must not write over. */
const precious = /\.(json|jsonl|safetensors|txt|md)$/;

/**
 * Looks, before any work, whether every output can be written, each to its own place, and none over what is read.
 *
 * @param outputs paths, or undefined where an option was not given
 * @param read the checkpoint folder and the data that the command reads
 * @throws file: a folder, a path below a file, two outputs at one place, or an output over an input
 */
export async function checkOutputs(outputs: readonly (string | undefined)[], read: readonly string[]): Promise<void> {
  const seen = new Set<string>();
  for (const path of outputs) {
    if (path === undefined) continue;
    const whole = files.resolve(path);
    if (seen.has(whole)) throw fail('file', { where: path, rule: 'a place for each output', got: 'the same place twice', fix });
    seen.add(whole);
    for (const source of read) {
      const from = files.resolve(source);
      const inside = whole.startsWith(`${from}/`) && precious.test(whole) && (await files.stat(path)).kind === 'file';
      if (whole === from || inside)
        throw fail('file', { where: path, rule: 'an output that is not what the command reads', got: `a file of ${source}`, fix });
    }
  }
  // Last, since it tries to write there.
  for (const path of outputs) if (path !== undefined) await checkOutputFile(path);
}

/**
 * Looks whether a folder for a run can be made: nothing that stands there is lost.
 *
 * @throws file: the folder has files in it, is a file, or lies below one
 */
export async function checkNewFolder(folder: string): Promise<void> {
  const { kind } = await files.stat(folder);
  if (kind === 'missing') return checkParents('--out', folder);
  if (kind === 'folder' && (await files.list(folder)).length === 0) return checkWritable('--out', folder, folder);
  throw fail('file', {
    where: '--out',
    rule: 'a new or an empty folder',
    got: kind === 'file' ? `${folder}, a file` : `${folder}, which has files in it`,
    fix: `Choose another folder${kind === 'file' ? '' : `, or go on with a run that is there: --resume ${folder}`}`,
  });
}

/** Folders that are missing will be made; a file in their place stands in the way, and so does a folder that takes none. */
async function checkParents(where: string, path: string): Promise<void> {
  const parts = files.resolve(path).split(/[/\\]/);
  for (let n = parts.length - 1; n > 0; n--) {
    const parent = parts.slice(0, n).join('/') || '/';
    const { kind } = await files.stat(parent);
    if (kind === 'folder') return checkWritable(where, path, parent);
    if (kind === 'file') throw fail('file', { where, rule: 'a path below a folder', got: `${path}, below ${parent}, a file`, fix });
  }
}

/** Writes a file and removes it: what permissions promise, a file system such as /proc need not keep. */
async function checkWritable(where: string, path: string, folder: string): Promise<void> {
  try {
    const probe = await files.createFile(files.join(folder, `.headlight-${crypto.randomUUID()}.tmp`));
    await probe.discard();
  } catch (cause) {
    if (cause instanceof HeadlightError && cause.code === 'storage') throw cause;
    throw fail('file', { where, rule: 'a place that can be written', got: `${path}: nothing can be made in ${folder}`, fix, cause });
  }
}
