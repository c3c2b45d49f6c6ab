import { describe, expect, test } from 'vitest';
import { type AdapterClues, adapterOf } from '#dist/cli/bench/device/adapter.node.js';
import { gradientDifference } from '#dist/cli/bench/device/gradient-difference.js';
import { deviceStepTable } from '#dist/cli/bench/device/report.js';
import { summarize } from '#dist/cli/bench/statistics.js';
import { stepCases } from '#dist/cli/bench/step-shape.js';
import { contentsOf, headlight, start, temporaryFolder, tiny } from './command.js';

describe('what WebGPU runs on', () => {
  const clues = (more: Partial<AdapterClues> & { readonly devices?: Readonly<Record<string, readonly string[]>> }): AdapterClues => ({
    environment: {},
    platform: 'linux',
    list: (folder) => more.devices?.[folder] ?? [],
    ...more,
  });

  test.each<[string, Parameters<typeof clues>[0], string]>([
    ['Chromium’s driver is named', { environment: { VK_DRIVER_FILES: '/somewhere/vk_swiftshader_icd.json' } }, 'software'],
    [
      'Mesa’s is, though a GPU is there',
      { environment: { VK_ICD_FILENAMES: '/a/lvp_icd.x86_64.json' }, devices: { '/dev': ['nvidia0'] } },
      'software',
    ],
    ['nothing is there', {}, 'software'],
    ['another driver is named', { environment: { VK_DRIVER_FILES: '/a/nvidia_icd.json' }, devices: { '/dev': ['nvidia0', 'tty'] } }, 'gpu'],
    ['only the control device is there', { devices: { '/dev': ['nvidiactl'] } }, 'software'],
    ['a render node is there', { devices: { '/dev/dri': ['card0', 'renderD128'] } }, 'gpu'],
    ['another system', { platform: 'darwin' }, 'unknown'],
  ])('%s', (_, given, kind) => {
    const found = adapterOf(clues(given));
    expect(found.kind).toBe(kind);
    expect(found.because).not.toBe('');
  });
});

describe('how far gradients are apart', () => {
  const reference = { a: Float32Array.of(1, -4, 2), b: Float32Array.of(0.5, 0) };

  test('relative to the largest of each parameter, and whose it is', () => {
    const found = { a: Float32Array.of(1, -4, 2.02), b: Float32Array.of(0.5, 0.01) };
    const { largest, parameter, parameters } = gradientDifference(reference, found);
    expect([parameter, parameters]).toEqual(['b', 2]);
    expect(largest).toBeCloseTo(0.02, 6);
    expect(gradientDifference(reference, reference)).toEqual({ largest: 0, parameter: '', parameters: 2 });
  });

  test('nothing that is not a number passes, and nothing may be missing', () => {
    expect(gradientDifference(reference, { ...reference, b: Float32Array.of(0.5, Number.NaN) }).largest).toBe(Number.POSITIVE_INFINITY);
    expect(gradientDifference({ a: new Float32Array(2) }, { a: Float32Array.of(0, 1) }).largest).toBe(Number.POSITIVE_INFINITY);
    expect(() => gradientDifference(reference, { a: reference.a })).toThrow(/2 numbers of b; got none/);
  });
});

test('the table says what the adapter is', () => {
  const result = {
    bench: 'device-step',
    date: '2026-01-01T00:00:00.000Z',
    machine: { cpu: 'one', cores: 2, gibibytes: 1, system: 'linux x64', node: '20', onnxruntime: '1' },
    best: { size: 512, gflops: 2 },
    sizes: [
      {
        size: 'S',
        shape: stepCases.S.shape,
        parameters: 1,
        gradients: { largest: 1e-6, parameter: 'a', parameters: 2 },
        losses: { steps: 3, relative: 2e-7 },
        first: 1000,
        ms: summarize([400]),
        cpu: summarize([40]),
        tokensPerSecond: 1920,
        gflops: 1,
        shareOfBest: 0.5,
      },
    ],
  } as const;
  const table = (kind: 'software' | 'gpu' | 'unknown') => deviceStepTable({ ...result, adapter: { kind, because: 'so' } });
  expect(table('software')).toMatch(/SOFTWARE ADAPTER/);
  expect(table('gpu')).not.toMatch(/SOFTWARE/);
  expect(table('gpu')).toMatch(/^S +1\.0e-6 +2\.0e-7 over 3 steps +1000 +400\.0 \(400\.0 to 400\.0\) +1920 +1\.00 +50\.0% +40\.0$/m);
});

test.each([
  ['inference', []],
  ['step', ['--baby']],
])('no bench but that of a step measures a device: %s %s', async (name, more) => {
  const { code, err } = await headlight(temporaryFolder(), 'bench', name, '--device', 'webgpu', ...more);
  expect(err).toMatch(/bench --device webgpu: step, without --baby/);
  expect(code).toBe(2);
});

// Vulkan's loader is told of a driver that is not there; other systems bring their own.
test.skipIf(process.platform !== 'linux')('without an adapter, training and the bench say so at once, and write nothing', async () => {
  const folder = temporaryFolder();
  const none = { VK_DRIVER_FILES: '/nowhere.json', VK_ICD_FILENAMES: '/nowhere.json' };
  for (const args of [
    ['train', '--device', 'webgpu', ...tiny, '--out', 'run'],
    ['bench', 'step', '--device', 'webgpu', '--sizes', 'S'],
  ]) {
    const { code, err, out } = await start(folder, args, none).finished;
    expect(err).toMatch(/a WebGPU adapter; got none that this machine supports\. Install the GPU's driver/);
    expect(code).toBe(2);
    expect(out).toBe('');
  }
  expect(contentsOf(folder)).toEqual([]);
});
