import { fileURLToPath } from 'node:url';
import { files } from '#files';
import { resolveCheckpoint } from '../../checkpoints/index.js';
import { type Studio, startStudio } from '../../server/index.node.js';
import type { CommandContext } from '../context.js';
import { openInBrowser } from '../demo/open.node.js';
import { exitCode } from '../exit-code.js';
import { trainingHost } from '../studio/training-host.node.js';

export interface StudioFlags {
  readonly port?: number;
  readonly open: boolean;
  readonly json?: boolean;
}

/** Serves the studio until Ctrl-C. JSON: `url`. */
export async function studioCommand(named: string | undefined, flags: StudioFlags, { io, version }: CommandContext): Promise<number> {
  const stop = io.interrupted();
  const studio = await openStudio(named ?? (await defaultFolder()), { port: flags.port, version, notice: (line) => io.note(line) });
  io.out(flags.json ? `${JSON.stringify({ url: studio.url })}\n` : `${studio.url}\n`);
  io.note('The studio is at this address, for this machine only. Ctrl-C ends it.');
  if (flags.open && io.outIsTerminal) openInBrowser(studio.url);
  await aborted(stop);
  await studio.close();
  return exitCode.done;
}

/** Starts the studio on what a person names: a folder, a file, or a hub id, which is fetched. */
export async function openStudio(
  named: string,
  options: { readonly port?: number | undefined; readonly version: string; readonly notice: (line: string) => void },
): Promise<Studio> {
  const isThere = (await files.stat(named)).kind !== 'missing';
  return startStudio({
    ...options,
    path: isThere ? named : await resolveCheckpoint(named),
    page: fileURLToPath(new URL('../../studio', import.meta.url)),
    modelProcess: new URL('../studio/model-entry.node.js', import.meta.url),
    training: trainingHost,
  });
}

/** Where training puts its runs, else where the command stands. */
async function defaultFolder(): Promise<string> {
  return (await files.stat('runs')).kind === 'folder' ? 'runs' : '.';
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
