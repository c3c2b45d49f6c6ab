import { fail, HeadlightError } from '../errors.js';

/** What the disk says when it is not the path that is wrong, in words. */
const diskTroubles: Readonly<Record<string, string>> = {
  ENOSPC: 'no space left on the device',
  EDQUOT: 'a disk quota that is used up',
  EFBIG: 'a file that grew larger than the system allows',
  EIO: 'an input/output error of the device',
};

const pathTroubles: Readonly<Record<string, string>> = {
  ENOENT: 'no such file or folder',
  EISDIR: 'a folder',
  ENOTDIR: 'a file where a folder should be',
  EACCES: 'no permission',
  EPERM: 'no permission',
  EROFS: 'a read-only file system',
};

/**
 * An error of the operating system as one of ours: `storage` for a disk that is full or fails, `file` for a path that is
 * wrong. Every other error is not about the path, but the caller's own, and stays what it is.
 */
export function systemError(path: string, doing: 'read' | 'write', error: unknown): unknown {
  const code = systemCode(error);
  if (error instanceof HeadlightError || code === undefined) return error;
  const trouble = diskTroubles[code];
  if (trouble !== undefined) {
    return fail('storage', {
      where: path,
      rule: doing === 'write' ? 'a disk that takes what is written' : 'a disk that can be read',
      got: `${trouble} (${code})`,
      fix: doing === 'write' ? `What was there before is intact. ${remedy(code)}` : 'Check the disk',
      cause: error,
    });
  }
  return fail('file', {
    where: path,
    rule: doing === 'write' ? 'a place that can be written' : 'a file that can be opened',
    got: pathTroubles[code] ?? (error as Error).message,
    cause: error,
  });
}

/** `ENOENT` and the like, of errors that a system call gave. */
export function systemCode(error: unknown): string | undefined {
  const { code, syscall } = (error ?? {}) as { code?: unknown; syscall?: unknown };
  return typeof code === 'string' && typeof syscall === 'string' ? code : undefined;
}

function remedy(code: string): string {
  if (code === 'EIO') return 'Check the disk, or write to another';
  if (code === 'EFBIG') return 'Raise the limit (ulimit -f), or write to another disk';
  return 'Free some space, or write to another disk';
}
