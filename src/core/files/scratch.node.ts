import { closeSync, fstatSync, mkdirSync, openSync, readdirSync, rmSync, statfsSync, statSync, write } from 'node:fs';
import { hostname } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { fail } from '../errors.js';
import { isAlive } from './claiming.node.js';
import type { ScratchFile } from './files.js';
import { readAt } from './reading.node.js';
import { temporaryName } from './temporaries.node.js';
import { writing } from './writing.node.js';

const writeAt = promisify(write);

/** Folders may be shared by machines, on which numbers of processes mean other processes. */
const prefix = `scratch-${hostname().replaceAll(/[^\w-]/g, '-')}-`;

/** The part of a disk's free space that is never taken: others need some too. */
const spared = 0.1;

interface Open {
  readonly path: string;
  readonly descriptor: number;
}

/** Files of this process that are there. */
const held = new Set<Open>();

/** Files that nobody refers to any more. */
const forgotten = new FinalizationRegistry<Open>(release);

/**
 * A file of this process alone, under a name by which the engine finds it. It is removed when it is forgotten, when the
 * process exits, or a signal ends it; what a killed process left, by the next that needs such a file in the folder.
 * @see Files.scratch
 */
export async function scratchFile(folder: string, bytesNeeded: number): Promise<ScratchFile | undefined> {
  const path = temporaryName(join(resolve(folder), prefix + process.pid));
  const descriptor = await writing(path, async () => {
    mkdirSync(folder, { recursive: true });
    removeLeft(folder);
    const { bavail, bsize } = statfsSync(folder);
    return bytesNeeded > (1 - spared) * bavail * bsize ? undefined : openSync(path, 'wx+', 0o600);
  });
  if (descriptor === undefined) return undefined;
  const open: Open = { path, descriptor };
  hold(open);
  const { ino } = fstatSync(descriptor);
  let bytes = 0;
  const file: ScratchFile = {
    folder: resolve(folder),
    name: basename(path),
    check() {
      const now = statSync(path, { throwIfNoEntry: false });
      if (now?.ino === ino && now.size === bytes) return;
      const got = now === undefined ? 'no such file' : 'another or a changed one';
      throw fail('file', { where: path, rule: 'the file that this process wrote', got, fix: 'Load the model again' });
    },
    read: (offset, length) => readAt(descriptor, offset, length, path),
    async write(part) {
      const at = bytes;
      await writing(path, async () => {
        for (let done = 0; done < part.length; ) {
          done += (await writeAt(descriptor, part, done, part.length - done, at + done)).bytesWritten;
        }
      });
      bytes += part.length;
      return at;
    },
    discard() {
      forgotten.unregister(file);
      release(open);
    },
  };
  forgotten.register(file, open, file);
  return file;
}

const endings = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

function hold(open: Open): void {
  if (held.size === 0) {
    process.on('exit', removeHeld);
    for (const signal of endings) process.on(signal, endBy);
  }
  held.add(open);
}

function release(open: Open): void {
  closeSync(open.descriptor);
  remove(open.path);
  held.delete(open);
  if (held.size > 0) return;
  process.off('exit', removeHeld);
  for (const signal of endings) process.off(signal, endBy);
}

function removeHeld(): void {
  for (const { path } of held) remove(path);
}

/** What cannot be removed stays: on Windows a file that the engine still reads, anywhere a folder, or somebody else's. */
function remove(path: string): void {
  try {
    rmSync(path, { force: true });
  } catch {}
}

/** Ends the process as the signal would have, unless somebody else listens to it: then that decides. */
function endBy(signal: NodeJS.Signals): void {
  if (process.listenerCount(signal) > 1) return;
  removeHeld();
  process.off(signal, endBy);
  process.kill(process.pid, signal);
}

/** Removes files of processes of this machine that are no more. */
function removeLeft(folder: string): void {
  for (const name of readdirSync(folder)) {
    if (name.startsWith(`.${prefix}`) && !isAlive(Number.parseInt(name.slice(prefix.length + 1), 10))) remove(join(folder, name));
  }
}
