import { spawnSync } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const library = fileURLToPath(new URL('../../../dist/core/files/files.node.js', import.meta.url));

// Node's own recursive mkdir never ends there, and takes a core while it tries.
test.runIf(process.platform === 'linux')('writing where the working folder has been removed ends', () => {
  const cwd = mkdtempSync(join(tmpdir(), 'headlight-gone-'));
  const script = `
    import { rmdirSync } from 'node:fs';
    import { files } from ${JSON.stringify(library)};
    rmdirSync(${JSON.stringify(cwd)});
    const ends = (work) => work.then(() => 'made', (error) => error.code ?? error.message);
    console.log(await ends(files.writeAtomic('a/b.txt', 'x')), await ends(files.makeFolder('c/d')));
  `;
  const { stdout, signal } = spawnSync(process.execPath, ['--input-type=module', '-e', script], { cwd, timeout: 20_000, encoding: 'utf8' });
  expect([signal, stdout.trim().split(' ').length]).toEqual([null, 2]);
});
