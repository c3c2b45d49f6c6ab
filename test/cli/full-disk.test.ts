import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { loadModel } from '#dist/checkpoints/index.js';
import { generateStories } from '#dist/datasets/index.js';
import { loadRun } from '#dist/train/index.js';
import { headlight, temporaryFolder, tiny, within } from './command.js';

const here = temporaryFolder();
const disk = join(here, 'disk');

/** A disk of its own, small; only root may have one. */
const mounted = ((): boolean => {
  mkdirSync(disk);
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', disk], { stdio: 'ignore' });
    return true;
  } catch {
    console.log('full-disk.test.ts: skipped, since mounting a small disk takes root');
    return false;
  }
})();
afterAll(() => {
  if (mounted) execFileSync('umount', [disk]);
});

beforeAll(() => writeFileSync(join(here, 'text.txt'), generateStories({ seed: 3, characters: 6000 })));

test.skipIf(!mounted)(
  'a disk that fills: one line, exit code 1, the last checkpoint whole, and the run goes on once there is room',
  async () => {
    const args = [...tiny, '--steps', '60', '--eval-every', '20', '--save-every', '5', '--keep-every', '5', '--dropout', '0.1'];
    expect((await within('train', join(here, 'text.txt'), ...args, '--out', join(here, 'whole'))).code).toBe(0);
    writeFileSync(join(disk, 'ballast'), new Uint8Array(200_000));
    const { code, out, err } = await headlight(here, 'train', 'text.txt', ...args, '--out', 'disk/run');
    expect([code, out]).toEqual([1, '']);
    expect(err.split('\n').filter((line) => line.startsWith('headlight: '))).toHaveLength(1);
    expect(err).toMatch(
      /^headlight: disk\/run: a disk that takes.*; got no space left.* Step \d+ is saved and whole\. Free some space.*--resume disk\/run\.$/m,
    );

    const { record } = await loadRun(join(disk, 'run'), await loadModel(join(disk, 'run')));
    expect(err).toContain(`Step ${record.step} is saved`);
    const checkpoints = join(disk, 'run/checkpoints');
    expect(readdirSync(checkpoints).filter((name) => name.endsWith('.tmp'))).toEqual([]);
    for (const name of readdirSync(checkpoints)) await loadRun(join(checkpoints, name), await loadModel(join(checkpoints, name)));

    rmSync(join(disk, 'ballast'));
    execFileSync('mount', ['-o', 'remount,size=16m', disk]);
    const resumed = await headlight(here, 'train', '--resume', 'disk/run');
    expect(resumed.code, resumed.err).toBe(0);
    const [whole, ours] = await Promise.all(
      [join(here, 'whole'), join(disk, 'run')].map(async (folder) => (await loadRun(folder, await loadModel(folder))).point),
    );
    expect(ours).toEqual(whole);
  },
);
