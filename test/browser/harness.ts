import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { chromium } from 'playwright-core';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** What a page needs to run. */
export interface PageJob {
  /** A TypeScript module, relative to the repository, whose default export is `(input) => result or promise of it`. */
  readonly entry: string;
  /** Handed to the entry; it and the result travel as JSON. */
  readonly input?: unknown;
  /** More modules to bundle, for workers: name → path. `{ worker: 'test/browser/w.ts' }` is served at `/worker.js`. */
  readonly workers?: Readonly<Record<string, string>>;
  /** Folders to serve, relative to the repository: `{ '/model/': 'test/fixtures/tiny' }`. */
  readonly folders?: Readonly<Record<string, string>>;
  /** More arguments for Chromium. */
  readonly args?: readonly string[];
  /** Milliseconds for the page's work; 45,000 unless told. */
  readonly timeout?: number;
}

/** Debian's Chromium, or the one that CHROMIUM_PATH names; undefined where there is none. */
export function findChromium(): string | undefined {
  return [process.env.CHROMIUM_PATH ?? '/usr/bin/chromium'].find((path) => existsSync(path));
}

/**
 * Bundles the entry for the web, serves it from 127.0.0.1 as a cross-origin isolated page (so that threads are
 * allowed), runs it in a fresh headless Chromium, and returns what its default export returned.
 * ONNX Runtime's files are served under `/ort/`.
 *
 * @throws Error with the page's own error and everything it wrote to the console
 */
export async function runInBrowser(job: PageJob): Promise<unknown> {
  const executablePath = findChromium();
  if (executablePath === undefined) throw new Error('no Chromium: install Debian\'s "chromium" or set CHROMIUM_PATH');
  const server = await serve(await bundle({ entry: job.entry, ...job.workers }), {
    '/ort/': 'node_modules/onnxruntime-web/dist',
    ...job.folders,
  });
  // Playwright makes a new, empty user data folder for every launch, and removes it.
  const browser = await chromium.launch({ executablePath, args: [...chromiumArguments, ...(job.args ?? [])] }).catch((error) => {
    server.close();
    throw error;
  });
  const written: string[] = [];
  try {
    const page = await browser.newPage();
    page.on('console', (message) => written.push(`${message.type()}: ${message.text()}`));
    page.on('pageerror', (error) => written.push(`uncaught: ${error.message}`));
    await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
    // Text, not a function: the test runner rewrites the imports of functions.
    const work = page.evaluate(`import('/entry.js').then((module) => module.default(${JSON.stringify(job.input)}))`);
    return await within(job.timeout ?? 45_000, work);
  } catch (error) {
    throw new Error(`${job.entry} in Chromium: ${error instanceof Error ? error.message : error}\n${written.join('\n')}`, { cause: error });
  } finally {
    await browser.close();
    server.closeAllConnections();
    server.close();
  }
}

/**
 * What Chromium does that no page of ours asks for is off. Without the list of features every window loads the address bar's
 * popups, pages with scripts of their own, which takes longer than most of our pages; the list takes the place of Playwright's.
 */
export const chromiumArguments: readonly string[] = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  `--disable-features=${[
    ...['WebUIOmniboxPopup', 'WebUIOmniboxAimPopup', 'WebUIOmniboxFullPopup', 'SpareRendererForSitePerProcess', 'AimEnabled'],
    ...['AvoidUnnecessaryBeforeUnloadCheckSync', 'DestroyProfileOnBrowserClose', 'HttpsUpgrades', 'HttpsFirstBalancedModeAutoEnable'],
    ...['LensOverlay', 'MediaRouter', 'PaintHolding', 'OptimizationHints', 'NetworkTimeServiceQuerying', 'PreconnectToSearch'],
    ...['ThirdPartyStoragePartitioning', 'AvoidCorsURLLoaderRestartOnRedirect'],
  ]}`,
];

async function within<T>(milliseconds: number, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no result after ${milliseconds} ms`)), milliseconds);
  });
  work.catch(() => {}); // Lost the race: closing the browser will fail it, and nobody listens any more.
  return Promise.race([work, late]).finally(() => clearTimeout(timer));
}

/** Modules by name → bundled text by URL path. */
async function bundle(modules: Readonly<Record<string, string>>): Promise<Map<string, Uint8Array>> {
  const { outputFiles } = await build({
    absWorkingDir: root,
    entryPoints: Object.fromEntries(Object.entries(modules).map(([name, path]) => [name, join(root, path)])),
    outdir: '/',
    bundle: true,
    write: false,
    format: 'esm',
    platform: 'browser',
    target: 'es2022',
    logLevel: 'silent',
  });
  return new Map(outputFiles.map((file) => [file.path, file.contents]));
}

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.json': 'application/json',
  '.mjs': 'text/javascript',
  '.wasm': 'application/wasm',
};

async function serve(bundled: ReadonlyMap<string, Uint8Array>, folders: Readonly<Record<string, string>>): Promise<Server> {
  const read = async (path: string): Promise<Uint8Array | string | undefined> => {
    if (path === '/') return '<!doctype html><meta charset="utf-8"><link rel="icon" href="data:,"><title>test</title>';
    const prefix = Object.keys(folders).find((name) => path.startsWith(name));
    if (prefix === undefined) return bundled.get(path);
    // Normalised as an absolute path first: `..` cannot lead out of the folder.
    return readFile(join(root, folders[prefix] ?? '', normalize(`/${path.slice(prefix.length)}`))).catch(() => undefined);
  };
  const server = createServer(async (request, response) => {
    const path = decodeURIComponent(new URL(request.url ?? '/', 'http://host').pathname);
    const body = await read(path);
    response.writeHead(body === undefined ? 404 : 200, {
      'Content-Type': types[path === '/' ? '.html' : extname(path)] ?? 'application/octet-stream',
      'Cross-Origin-Opener-Policy': 'same-origin',
      'Cross-Origin-Embedder-Policy': 'require-corp',
    });
    response.end(body ?? 'not found');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return server;
}
