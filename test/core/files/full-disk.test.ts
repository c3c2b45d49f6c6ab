import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

const root = fileURLToPath(new URL('../../..', import.meta.url));

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'headlight-full-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** Writes far more than there is room for, in each of the ways there are. Prints an error's code and message for each. */
const writer = `
  import { files } from '#files';
  const at = (name) => files.join(process.argv[1], name);
  const much = new Uint8Array(4_000_000).fill(120);
  async function* parts() { for (let i = 0; i < 4; i++) yield much.subarray(0, 1_000_000); }
  const ways = {
    atomic: () => files.writeAtomic(at('old'), much),
    stream: () => files.writeAtomic(at('old'), parts()),
    create: async () => {
      const file = await files.createFile(at('new'));
      try { await file.write(much); await file.close(); } catch (error) { await file.discard(); throw error; }
    },
    folder: () => files.writeFolderAtomic(at('run'), (temporary) => files.writeAtomic(files.join(temporary, 'a'), much)),
    append: () => files.append(at('lines'), 'x'.repeat(4_000_000) + '\\n'),
  };
  const said = {};
  for (const [name, way] of Object.entries(ways)) {
    said[name] = await way().then(() => 'written', (error) => [error.code, error.message]);
  }
  console.log(JSON.stringify(said));
`;

/** Runs the writer under a shell command that takes the program as its arguments. */
function run(shell: string, disk: string): Record<string, [string, string] | 'written'> {
  const { stdout, stderr, status } = spawnSync('sh', ['-c', shell, 'sh', process.execPath, '--input-type=module', '--eval', writer, disk], {
    cwd: root,
    encoding: 'utf8',
  });
  expect(stderr).toBe('');
  expect(status).toBe(0);
  return JSON.parse(stdout);
}

function prepare(disk: string): void {
  writeFileSync(join(disk, 'old'), 'old');
  writeFileSync(join(disk, 'lines'), 'one\n');
}

function check(said: ReturnType<typeof run>, disk: string, trouble: string, fix: string): void {
  for (const [way, name] of Object.entries({ atomic: 'old', stream: 'old', create: 'new', folder: 'run', append: 'lines' })) {
    const message = `${join(disk, name)}: a disk that takes what is written; got ${trouble}. What was there before is intact. ${fix}`;
    expect(said[way]).toEqual(['storage', message]);
  }
  expect(readdirSync(disk).sort()).toEqual(['lines', 'old']); // no temporary files, no half folders
  expect(readFileSync(join(disk, 'old'), 'utf8')).toBe('old');
  expect(readFileSync(join(disk, 'lines'), 'utf8')).toBe('one\n'); // no half line
}

describe.skipIf(process.platform === 'win32')('a disk that takes no more', () => {
  test('a limit on the size of files', () => {
    prepare(folder);
    const said = run('ulimit -f 512; exec "$@"', folder); // blocks of 512 bytes, or of 1024 in some shells
    const fix = 'Raise the limit (ulimit -f), or write to another disk.';
    check(said, folder, 'a file that grew larger than the system allows (EFBIG)', fix);
  });

  const disk = mkdtempSync(join(tmpdir(), 'headlight-disk-'));
  const mount = ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', disk];
  const canMount = process.platform === 'linux' && spawnSync('mount', mount).status === 0;
  if (canMount) spawnSync('umount', [disk]);
  else console.log('A disk that is full: skipped, a small one cannot be mounted here (on Linux, root may).');
  rmSync(disk, { recursive: true });

  test.skipIf(!canMount)('a disk that is full', () => {
    const small = join(folder, 'disk');
    mkdirSync(small);
    expect(spawnSync('mount', [...mount.slice(0, -1), small]).status).toBe(0);
    try {
      prepare(small);
      check(run('exec "$@"', small), small, 'no space left on the device (ENOSPC)', 'Free some space, or write to another disk.');
    } finally {
      spawnSync('umount', [small]);
    }
  });
});
