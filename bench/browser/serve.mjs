// The page of the bench: one module, bundled, and ONNX Runtime's files, from 127.0.0.1.
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** @returns {Promise<{ url: string, bundleBytes: number, close(): void }>} */
export async function servePage() {
  const { outputFiles } = await build({
    absWorkingDir: root,
    entryPoints: ['bench/browser/page.mjs'],
    ...{ bundle: true, minify: true, write: false, format: 'esm', platform: 'browser', target: 'es2022', logLevel: 'silent' },
  });
  const bundle = /** @type {Uint8Array} */ (outputFiles[0]?.contents);
  const server = createServer(async (request, response) => {
    const path = new URL(request.url ?? '/', 'http://host').pathname;
    const engineFile = () => readFile(join(root, 'node_modules/onnxruntime-web/dist', basename(path))).catch(() => undefined);
    const body = path === '/' ? '<!doctype html>' : path === '/page.js' ? bundle : await engineFile();
    const type = path === '/' ? 'text/html' : path.endsWith('.wasm') ? 'application/wasm' : 'text/javascript';
    // Without these two a page gets no threads.
    const isolation = { 'Cross-Origin-Opener-Policy': 'same-origin', 'Cross-Origin-Embedder-Policy': 'require-corp' };
    response.writeHead(body === undefined ? 404 : 200, { 'Content-Type': type, ...isolation });
    response.end(body);
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(undefined)));
  const address = /** @type {import('node:net').AddressInfo} */ (server.address());
  return {
    url: `http://127.0.0.1:${address.port}/`,
    bundleBytes: bundle.length,
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
}
