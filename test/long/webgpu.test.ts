import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import type { DeviceStepResult } from '#dist/cli/bench/device/step.node.js';
import { softwareVulkan } from '../support/software-vulkan.js';

const env = softwareVulkan();
if (env === undefined) console.warn('skipped: no software Vulkan driver; install Debian\'s "chromium" or set HEADLIGHT_VULKAN');
const main = fileURLToPath(new URL('../../dist/cli/main.node.js', import.meta.url));

/** The bench, which refuses programs that are not wholly on the device, and gradients or losses that are not the CPU's. */
async function bench(size: 'S' | 'L', steps: number): Promise<DeviceStepResult['sizes'][number]> {
  const args = [main, 'bench', 'step', '--device', 'webgpu', '--sizes', size, '--steps', String(steps), '--json'];
  const { stdout } = await promisify(execFile)(process.execPath, args, { env, maxBuffer: 2 ** 24 });
  const { adapter, sizes } = JSON.parse(stdout) as DeviceStepResult;
  expect(adapter.kind).toBe('software');
  return sizes[0] as DeviceStepResult['sizes'][number];
}

describe.skipIf(env === undefined)('the training step on WebGPU, in software', () => {
  test.each([
    ['S', 5],
    ['L', 1],
  ] as const)('%s has the CPU’s gradients and losses to 1e-4', async (size, steps) => {
    const { gradients, losses, parameters } = await bench(size, steps);
    console.log(`${size}: gradients apart by ${gradients.largest} at most (${gradients.parameter}), losses by ${losses.relative}`);
    expect(parameters).toBeGreaterThan(size === 'L' ? 1e7 : 5e5);
    expect(gradients.largest).toBeLessThan(1e-4);
    expect(losses).toMatchObject({ steps: steps + 1 });
    expect(losses.relative).toBeLessThan(1e-4);
  });
});
