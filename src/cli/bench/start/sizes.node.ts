import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { packageRoot, torchFiles } from './contestants.node.js';
import { filesOf } from './file-cache.node.js';
import { bytesOf, packageBytes, packageFolders } from './package-closure.node.js';

/** Bytes on the disk, and on the way to a page. */
export interface InstalledSizes {
  /** The packed package, and unpacked, as npm says; without its dependencies. */
  readonly packed: { readonly bytes: number; readonly unpacked: number } | { readonly missing: string };
  /** What it needs to run, by package. */
  readonly dependencies: readonly { readonly name: string; readonly bytes: number }[];
  /** The studio's scripts and styles, as they are and compressed. */
  readonly studio: { readonly bytes: number; readonly gzip: number };
  /** Everything that the library exports, bundled for a page and minified, without ONNX Runtime. */
  readonly bundle: { readonly bytes: number; readonly gzip: number } | { readonly missing: string };
  /** Others. */
  readonly others: readonly { readonly name: string; readonly bytes: number }[];
}

export async function installedSizes(): Promise<InstalledSizes> {
  return { packed: packed(), dependencies: dependencies(), studio: studio(), bundle: await bundle(), others: others() };
}

function packed(): InstalledSizes['packed'] {
  try {
    const text = execFileSync('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], {
      cwd: packageRoot,
      encoding: 'utf8',
      stdio: 'pipe',
    });
    const [{ size, unpackedSize }] = JSON.parse(text) as [{ size: number; unpackedSize: number }];
    return { bytes: size, unpacked: unpackedSize };
  } catch (error) {
    return { missing: String(error).split('\n')[0] ?? '' };
  }
}

function dependencies(): InstalledSizes['dependencies'] {
  return packageFolders(packageRoot)
    .slice(1)
    .map((folder) => ({ name: folder.slice(folder.lastIndexOf('node_modules/') + 'node_modules/'.length), bytes: packageBytes(folder) }))
    .sort((a, b) => b.bytes - a.bytes);
}

function studio(): InstalledSizes['studio'] {
  const paths = filesOf(join(packageRoot, 'dist/studio')).filter((path) => /\.(js|css)$/.test(path));
  return { bytes: bytesOf(paths), gzip: paths.reduce((sum, path) => sum + gzipSync(readFileSync(path)).length, 0) };
}

async function bundle(): Promise<InstalledSizes['bundle']> {
  const esbuild = await import('esbuild').catch(() => undefined);
  if (esbuild === undefined) return { missing: 'esbuild is not installed (a checkout has it)' };
  const { outputFiles } = await esbuild.build({
    stdin: { contents: "export * from 'headlightjs';", resolveDir: packageRoot },
    ...{ bundle: true, minify: true, write: false, format: 'esm', platform: 'browser', logLevel: 'silent' },
    external: ['onnxruntime-web', 'onnxruntime-web/*'],
  });
  const contents = outputFiles[0]?.contents ?? new Uint8Array(0);
  return { bytes: contents.length, gzip: gzipSync(contents).length };
}

/** Packages of bench/peers with all they depend on, and Debian's of PyTorch alone. */
function others(): InstalledSizes['others'] {
  const torch = torchFiles();
  const modules = join(packageRoot, 'bench/peers/node_modules');
  const peers = ['@tensorflow/tfjs', '@huggingface/transformers', '@jax-js/jax'].filter((name) => existsSync(join(modules, name)));
  return [
    ...peers.map((name) => ({ name, bytes: packageFolders(join(modules, name)).reduce((sum, folder) => sum + packageBytes(folder), 0) })),
    ...(torch.length > 0 ? [{ name: 'PyTorch (Debian’s packages of it alone)', bytes: bytesOf(torch) }] : []),
  ];
}
