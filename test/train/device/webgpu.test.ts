import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { relativeDifference } from '../../support/arrays.js';
import { softwareVulkan } from '../../support/software-vulkan.js';

interface Side {
  readonly gradients: Readonly<Record<string, Float32Array>>;
  readonly loss: number;
  readonly losses: readonly number[];
}

/** Nodes of a program by provider and operator. */
type Placements = Readonly<Record<string, Readonly<Record<string, number>>>>;

interface Result {
  readonly cpu: Side;
  readonly webgpu: Side;
  readonly nodes: { readonly step: Placements; readonly update: Placements };
  readonly refusal: string;
}

const env = softwareVulkan();
if (env === undefined) console.warn('skipped: no software Vulkan driver; install Debian\'s "chromium" or set HEADLIGHT_VULKAN');

/** In a process of its own: the driver must be found when it starts, and a fault in it ends it. */
function run(): Promise<Result> {
  const child = fork(fileURLToPath(new URL('webgpu-step.mjs', import.meta.url)), {
    serialization: 'advanced',
    execArgv: [],
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    env,
  });
  return new Promise((resolve, reject) => {
    child.once('message', ({ result, error }: { result?: Result; error?: string }) =>
      result === undefined ? reject(new Error(error)) : resolve(result),
    );
    child.once('exit', (code) => reject(new Error(`the WebGPU process ended with code ${code}`)));
  });
}

describe.skipIf(env === undefined)('a training step on WebGPU, in software', () => {
  test('gives the CPU’s gradients and losses, and runs every node on the device, the optimiser’s too', { timeout: 180_000 }, async () => {
    const { cpu, webgpu, nodes, refusal } = await run();
    expect(Object.keys(webgpu.gradients)).toEqual(Object.keys(cpu.gradients));
    for (const [name, g] of Object.entries(cpu.gradients)) expect(relativeDifference(webgpu.gradients[name], g), name).toBeLessThan(1e-4);
    expect(relativeDifference([webgpu.loss], [cpu.loss])).toBeLessThan(1e-6);
    // Loss, gradient norm and update ratio of each step, then the validation loss.
    expect(cpu.losses).toHaveLength(3 * 3 + 1);
    cpu.losses.forEach((wanted, i) => {
      expect(relativeDifference([webgpu.losses[i] as number], [wanted]), `figure ${i}`).toBeLessThan(1e-4);
    });
    for (const placed of [nodes.step, nodes.update]) expect(Object.keys(placed)).toEqual(['WebGpuExecutionProvider']);
    const [step, update] = [nodes.step, nodes.update].map((placed) => placed.WebGpuExecutionProvider ?? {});
    expect(step?.MatMul ?? step?.Gemm).toBeGreaterThan(0);
    // One root for the norm, one for each parameter's second moment.
    expect(update?.Sqrt).toBe(1 + Object.keys(cpu.gradients).length);
    // A program of which a part would run on the CPU is refused by who asks for it.
    expect(refusal).toMatch(/fallback|CPU/);
  });
});
