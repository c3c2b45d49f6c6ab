import { execFile, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { relativeDifference } from '../../support/arrays.js';
import { softwareVulkan } from '../../support/software-vulkan.js';

interface Side {
  readonly gradients: Readonly<Record<string, Float32Array>>;
  readonly loss: number;
  readonly losses: readonly number[];
}

interface Result {
  readonly cpu: Side;
  readonly webgpu: Side;
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
  test('gives the CPU’s gradients and losses', { timeout: 180_000 }, async () => {
    const { cpu, webgpu, refusal } = await run();
    expect(Object.keys(webgpu.gradients)).toEqual(Object.keys(cpu.gradients));
    for (const [name, g] of Object.entries(cpu.gradients)) expect(relativeDifference(webgpu.gradients[name], g), name).toBeLessThan(1e-4);
    expect(relativeDifference([webgpu.loss], [cpu.loss])).toBeLessThan(1e-6);
    // Loss, gradient norm and update ratio of each step, then the validation loss.
    expect(cpu.losses).toHaveLength(3 * 3 + 1);
    cpu.losses.forEach((wanted, i) => {
      expect(relativeDifference([webgpu.losses[i] as number], [wanted]), `figure ${i}`).toBeLessThan(1e-4);
    });
    // A program of which a part would run on the CPU is refused by who asks for it.
    expect(refusal).toMatch(/fallback|CPU/);
  });

  test('at L has every node on the device, the optimiser’s too, and copies nothing between', { timeout: 120_000 }, async () => {
    const { stderr } = await promisify(execFile)(process.execPath, [fileURLToPath(new URL('placements.mjs', import.meta.url))], {
      env,
      maxBuffer: 2 ** 28,
    });
    const [, ...parts] = stderr.split(/^== (.*)$/m);
    const logs = new Map(parts.flatMap((name, i) => (i % 2 === 0 ? [[name, parts[i + 1] as string] as const] : [])));
    const wholly = { step: 900, adamw: 1300, sgd: 900, lion: 1300, adafactor: 2000, muon: 2500 };
    expect([...logs.keys()]).toEqual([...Object.keys(wholly), 'mixed']);
    for (const [name, least] of Object.entries(wholly)) {
      const log = logs.get(name) as string;
      const placed = log.match(/All nodes placed on \[(\w+)\]. Number of nodes: (\d+)/);
      expect(placed?.[1], name).toBe('WebGpuExecutionProvider');
      expect(Number(placed?.[2]), name).toBeGreaterThan(least);
      expect(log, name).toMatch(/MemcpyTransformer modified: 0/);
    }
    // The log of a program that is shared out says so.
    expect(logs.get('mixed')).not.toMatch(/All nodes placed on/);
    expect(logs.get('mixed')).toMatch(/MemcpyTransformer modified: 1/);
  });
});
