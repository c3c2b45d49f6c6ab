import { readdir, readFile, realpath, stat } from 'node:fs/promises';
import { basename, dirname, join, relative, resolve, sep } from 'node:path';
import { fail } from '../../core/index.js';
import type { ModelSummary } from '../protocol/index.js';

/** How deep checkpoints are looked for, and how many are listed. */
const mostLevels = 4;
const mostModels = 500;
/** Never looked into: a run's own parts, and what is no data. */
const skipped = new Set(['checkpoints', 'events', 'node_modules', 'best']);

/** The folder that the studio was opened on. Nothing outside it is read: links are followed before that is judged. */
export class StudioFolder {
  private constructor(
    /** With links followed. */
    readonly root: string,
    /** The checkpoint that was named itself, below `root`. */
    readonly named: string | undefined,
  ) {}

  /** @param path a checkpoint's folder or file, or a folder of checkpoints @throws file: no such folder */
  static async open(path: string): Promise<StudioFolder> {
    const real = await realpath(path).catch(() => undefined);
    if (real === undefined)
      throw fail('file', { where: path, rule: 'a checkpoint, or a folder of checkpoints', got: 'no such file or folder' });
    if ((await stat(real)).isFile()) return new StudioFolder(dirname(real), basename(real));
    return new StudioFolder(real, (await isCheckpoint(real)) ? '.' : undefined);
  }

  get name(): string {
    return basename(this.root);
  }

  /** The path of what the page names. @throws file: what is not there, or lies outside */
  async pathOf(name: string): Promise<string> {
    const refuse = (got: string): Error =>
      fail('file', { where: JSON.stringify(name).slice(0, 200), rule: 'a place inside the opened folder', got });
    if (name.length > 1024 || name.includes('\0')) throw refuse('no such name');
    const path = resolve(this.root, name);
    if (!isInside(this.root, path)) throw refuse('one outside');
    const real = await realpath(path).catch(() => undefined);
    if (real === undefined) throw refuse('nothing there');
    if (!isInside(this.root, real)) throw refuse('a link that leads outside');
    return real;
  }

  /**
   * The path of a model that the page names: a folder none of whose files are links that lead outside. A checkpoint that was
   * named itself may have such, as caches of the hub do.
   */
  async modelPath(name: string): Promise<string> {
    const path = await this.pathOf(name);
    if (this.named === undefined) await checkLinks(this.root, path);
    return path;
  }

  /** Every checkpoint, the folder's own first, then by name. */
  async models(): Promise<ModelSummary[]> {
    if (this.named !== undefined && this.named !== '.') return [await this.#summary(this.named)];
    const found: string[] = [];
    await this.#find('.', 0, found);
    return Promise.all(found.sort((a, b) => (a === '.' ? -1 : b === '.' ? 1 : a < b ? -1 : 1)).map((name) => this.#summary(name)));
  }

  async #find(name: string, level: number, found: string[]): Promise<void> {
    const path = join(this.root, name);
    if (await isCheckpoint(path)) found.push(name);
    if (level === mostLevels || found.length >= mostModels) return;
    const entries = await readdir(path, { withFileTypes: true }).catch(() => []);
    for (const entry of entries) {
      if (entry.isDirectory() && !entry.name.startsWith('.') && !skipped.has(entry.name))
        await this.#find(name === '.' ? entry.name : `${name}/${entry.name}`, level + 1, found);
    }
  }

  async #summary(name: string): Promise<ModelSummary> {
    const path = join(this.root, name);
    const isRun = await exists(join(path, 'trainer.json'));
    const shown = name === '.' ? this.name : name;
    const base = { model: name, name: shown, isRun, isTraining: await exists(join(path, 'run.lock')) };
    if (!(await stat(path)).isDirectory()) return { ...base, type: name.slice(name.lastIndexOf('.') + 1) };
    try {
      if (this.named === undefined) await checkLinks(this.root, path);
    } catch {
      return { ...base, type: 'unknown', problem: 'its files are links that lead outside' };
    }
    try {
      const config = JSON.parse(await readFile(join(path, 'config.json'), 'utf8')) as { model_type?: unknown };
      return { ...base, type: String(config.model_type ?? 'unknown') };
    } catch {
      return { ...base, type: 'unknown', problem: 'its config.json is damaged' };
    }
  }
}

/** @throws file: a file of a folder that is a link to one outside the root */
export async function checkLinks(root: string, folder: string): Promise<void> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  for (const entry of entries) {
    if (!entry.isSymbolicLink()) continue;
    const real = await realpath(join(folder, entry.name)).catch(() => undefined);
    if (real === undefined || !isInside(root, real))
      throw fail('file', { where: entry.name, rule: 'files inside the opened folder', got: 'a link that leads outside' });
  }
}

async function isCheckpoint(path: string): Promise<boolean> {
  return exists(join(path, 'config.json'));
}

function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}

function isInside(root: string, path: string): boolean {
  const from = relative(root, path);
  return from === '' || !(from === '..' || from.startsWith(`..${sep}`) || resolve(from) === from);
}
