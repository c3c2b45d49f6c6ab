import { rename, rm, stat } from 'node:fs/promises';
import { temporaryName } from './temporaries.node.js';
import { writing } from './writing.node.js';

/** @see Files.remove */
export async function removePath(path: string): Promise<void> {
  await writing(path, async () => {
    const info = await stat(path).catch(() => undefined);
    if (info === undefined) return;
    // A folder is first moved aside: a kill leaves a temporary one, not half of it under its name.
    const doomed = info.isDirectory() ? temporaryName(path) : path;
    if (doomed !== path) await rename(path, doomed);
    await rm(doomed, { recursive: true, force: true });
  });
}
