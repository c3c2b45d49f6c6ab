import { loadKernelsAsync } from '#dist/train/kernels/kernels.js';

interface Input {
  readonly n: number;
  readonly k0: number;
  readonly k1: number;
  readonly threshold: number;
}

/** Runs in Chromium: a mask by the SIMD kernels, and what the page was given. */
export default async function page({ n, k0, k1, threshold }: Input): Promise<object> {
  const memory = new WebAssembly.Memory({ initial: 1 });
  const kernels = await loadKernelsAsync(memory);
  kernels.randomMask(0, n, k0, k1, 0, threshold, 1);
  const engine = await fetch('/ort/ort-wasm-simd-threaded.wasm', { method: 'HEAD' });
  return {
    mask: [...new Float32Array(memory.buffer, 0, n)],
    isolated: crossOriginIsolated,
    engine: [engine.status, engine.headers.get('content-type')],
    outside: (await fetch('/ort/..%2fpackage.json')).status,
  };
}
