import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

/** Debian's python: it has the call that Node lacks. */
const python = '/usr/bin/python3';
const script = `
import ctypes, mmap, os, sys
kept = total = 0
for path in sys.stdin.read().split('\\0'):
    size = os.path.getsize(path)
    if size == 0:
        continue
    file = os.open(path, os.O_RDONLY)
    os.posix_fadvise(file, 0, 0, os.POSIX_FADV_DONTNEED)
    memory = mmap.mmap(file, size, flags=mmap.MAP_PRIVATE, prot=mmap.PROT_READ | mmap.PROT_WRITE)
    pages = (ctypes.c_ubyte * -(-size // mmap.PAGESIZE))()
    view = ctypes.c_char.from_buffer(memory)
    ctypes.CDLL(None).mincore(ctypes.c_void_p(ctypes.addressof(view)), ctypes.c_size_t(size), pages)
    kept += sum(page & 1 for page in pages)
    total += len(pages)
    os.close(file)
print(kept / max(1, total))
`;

/**
 * Lets the system forget what it holds of some files, so that the next start reads them from the disk. What another process has
 * mapped stays.
 * @returns the share of their pages that stayed, in [0, 1]; why not, where that cannot be done
 */
export function forgetFiles(paths: readonly string[]): number | { readonly missing: string } {
  if (paths.length === 0) return 0;
  if (process.platform !== 'linux' || !existsSync(python)) return { missing: `needs Linux and ${python}` };
  const { status, stdout, stderr } = spawnSync(python, ['-c', script], { input: paths.join('\0'), encoding: 'utf8' });
  return status === 0 ? Number(stdout) : { missing: stderr.trim().split('\n').at(-1) ?? 'it failed' };
}

/** Every file below a folder. */
export function filesOf(path: string): string[] {
  return readdirSync(path, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}
