import { afterAll, describe, expect, test } from 'vitest';
import type { Op } from '#dist/ops/index.js';
import { engineJob, engineProblems, type RunEngine, targets } from './engine-check.js';
import { runOnWasm, startWebGpu } from './engines.js';
import { opsToWalk, trialsFor } from './registry-walk.js';

const seeds = [1];
const names = opsToWalk().map((op) => [op.name, op] as const);

/** WGSL promises sine and cosine to 2⁻¹¹ only (WGSL, 15.7.4.1); everything else is held to the usual tolerance. */
const coarse = new Set(['sin', 'cos']);

async function problems(op: Op, target: string, run: RunEngine): Promise<string[]> {
  const lowering = targets[target];
  if (lowering === undefined) throw new Error(`no lowering is called ${target}`);
  return engineProblems(
    engineJob(`${op.name} (${target})`, trialsFor(op, seeds), lowering),
    run,
    target === 'webgpu' && coarse.has(op.name) ? 2 ** -11 : 1e-5,
  );
}

describe('WebAssembly gives the reference’s values', () => {
  test.each(names)('%s', async (_, op) => {
    expect(await problems(op, 'fused', runOnWasm)).toEqual([]);
  });
});

const webgpu = startWebGpu();
if (webgpu === undefined) console.warn('skipped: no software Vulkan driver; install Debian\'s "chromium" or set HEADLIGHT_VULKAN');

describe.skipIf(webgpu === undefined)('WebGPU gives the reference’s values', () => {
  afterAll(() => webgpu?.stop());
  test.each(names)('%s', async (_, op) => {
    expect(await problems(op, 'webgpu', (webgpu as NonNullable<typeof webgpu>).run)).toEqual([]);
  });
});
