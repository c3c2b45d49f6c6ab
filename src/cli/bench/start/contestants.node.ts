import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { filesOf } from './file-cache.node.js';
import { packageFolders } from './package-closure.node.js';
import type { StartedCommand } from './process-start.node.js';

/** Something that is started, and the files it reads. */
export interface Contestant {
  readonly name: string;
  readonly isOurs: boolean;
  readonly command: StartedCommand;
  files(): readonly string[];
}

/** What is not here to be started, and why. */
export interface Missing {
  readonly name: string;
  readonly missing: string;
}

export const packageRoot = fileURLToPath(new URL('../../../../', import.meta.url));
const peers = join(packageRoot, 'bench/peers');
const python = '/usr/bin/python3';
const main = join(packageRoot, 'dist/cli/main.node.js');
const firstStep = fileURLToPath(new URL('./first-step.node.js', import.meta.url));

/** The least there is: node, and its end. */
export const baselineName = 'node -e 0';

/** glibc's settings, which the command's first line makes. */
const environment = Object.fromEntries(
  [...(readFileSync(main, 'utf8').split('\n', 1)[0] ?? '').matchAll(/(\w+)=(\S+)/g)].map(([, name, value]) => [name ?? '', value ?? '']),
);

/** @param args of the command */
export function ourCommand(args: readonly string[]): StartedCommand {
  return { program: process.execPath, args: [main, ...args], environment, until: 'output' };
}

/** What is installed of ours. */
export function ourFiles(): string[] {
  return [join(packageRoot, 'dist'), ...packageFolders(packageRoot).slice(1)].flatMap(filesOf);
}

/** Our starts, a model's folder and a folder for runs given. */
export function ourContestants(model: string, runs: string): Contestant[] {
  const files = (): string[] => [...ourFiles(), ...filesOf(model)];
  const ours = (name: string, command: StartedCommand): Contestant => ({ name, isOurs: true, command, files });
  const train = ['train', 'stories', '--preset', 'nano', '--steps', '10', '--out', join(runs, 'run')];
  const generate = ['generate', model, '--prompt', 'a', '--max-new-tokens', '1', '--temperature', '0', '--json'];
  return [
    ours('headlight --version', ourCommand(['--version'])),
    ours("import 'headlightjs'", node("await import('headlightjs')", packageRoot)),
    ours('headlight train: first step', { ...ourCommand([]), args: [firstStep, ...train] }),
    ours('headlight generate: first token', ourCommand(generate)),
  ];
}

/** The least, and what others take to be ready, before any model. */
export function otherContestants(): (Contestant | Missing)[] {
  const baseline = { program: process.execPath, args: ['-e', '0'], until: 'end' } as const;
  return [
    { name: baselineName, isOurs: false, command: baseline, files: () => [] },
    torchImport(),
    ...['@tensorflow/tfjs', '@huggingface/transformers', '@jax-js/jax'].map(peerImport),
  ];
}

function torchImport(): Contestant | Missing {
  const name = 'python3: import torch';
  if (torchFiles().length === 0) return { name, missing: `no PyTorch for ${python} (Debian: python3-torch)` };
  return { name, isOurs: false, command: { program: python, args: ['-c', 'import torch'], until: 'end' }, files: torchFiles };
}

/** Of Debian's packages, the shared libraries of PyTorch among them; none where they are not installed. */
export function torchFiles(): string[] {
  const { stdout } = spawnSync('dpkg-query', ['-L', ...debianNames('python3-torch'), ...debianNames('libtorch[0-9]*')], {
    encoding: 'utf8',
  });
  return (stdout ?? '').split('\n').filter((path) => path !== '' && statSync(path, { throwIfNoEntry: false })?.isFile());
}

/** Names of installed packages. */
function debianNames(pattern: string): string[] {
  const { stdout } = spawnSync('dpkg-query', ['-W', '-f', `\${db:Status-Status} \${Package}\n`, pattern], { encoding: 'utf8' });
  return (stdout ?? '').split('\n').flatMap((line) => (line.startsWith('installed ') ? [line.slice('installed '.length)] : []));
}

function peerImport(package_: string): Contestant | Missing {
  const name = `import '${package_}'`;
  const folder = join(peers, 'node_modules', package_);
  if (!existsSync(folder)) return { name, missing: 'not installed: npm install --prefix bench/peers' };
  // jax-js looks for a browser's navigator, which older versions of Node lack.
  const code = `globalThis.navigator ??= {}; await import('${package_}')`;
  return { name, isOurs: false, command: node(code, peers), files: () => packageFolders(folder).flatMap(filesOf) };
}

/** A module's import, then the end: no thread or handle of a library is waited for. */
function node(code: string, folder: string): StartedCommand {
  return { program: process.execPath, args: ['--input-type=module', '-e', `${code}; process.exit(0)`], folder, until: 'end' };
}
