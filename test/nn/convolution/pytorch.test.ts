import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { readSafetensors } from '#dist/checkpoints/index.js';
import type { HostArray } from '#dist/core/index.js';
import { gradients } from '#dist/grad/index.js';
import { BatchNorm, Conv, type ConvLayerOptions, ConvTranspose, type ConvTransposeLayerOptions, type Module } from '#dist/nn/index.js';
import {
  type AveragePoolOptions,
  averagePool,
  input,
  maxPool,
  type PoolOptions,
  parameterTensor,
  type Tensor,
  withTraining,
} from '#dist/ops/index.js';
import { lowerProgram, Program, sitesOf } from '#dist/runtime/index.js';
import { fixture, relativeDifference } from '../../support/arrays.js';

interface Case {
  readonly name: string;
  readonly kind: 'conv' | 'transposed' | 'max' | 'mean' | 'norm';
  readonly axes: number;
  readonly settings: Readonly<Record<string, unknown>>;
}

const cases = JSON.parse(readFileSync(fixture('convolution.json'), 'utf8')) as Case[];
const file = await readSafetensors(fixture('convolution.safetensors'));

/** Our layer, or the function in its place. */
function made({ kind, settings }: Case): { readonly layer?: Module; run(x: Tensor): Tensor } {
  if (kind === 'max') return { run: (x) => maxPool(x, settings as unknown as PoolOptions) };
  if (kind === 'mean') return { run: (x) => averagePool(x, settings as unknown as AveragePoolOptions) };
  const layer =
    kind === 'conv'
      ? new Conv(4, 6 - (settings.groups === 4 ? 2 : 0), settings as unknown as ConvLayerOptions)
      : kind === 'norm'
        ? new BatchNorm(4)
        : new ConvTranspose(4, 6, settings as unknown as ConvTransposeLayerOptions);
  return { layer, run: (x) => layer.forward(x) };
}

/** PyTorch keeps a filter's length [M,1,1] as `weight_g`, its direction as `weight_v`. */
function torchName(name: string, settings: Case['settings']): string {
  if (settings.weightNorm !== true) return name;
  return { weight: 'weight_v', gain: 'weight_g' }[name] ?? name;
}

test.each(cases)('$name: values and every gradient are PyTorch’s', async (example) => {
  const { name, settings } = example;
  const { layer, run } = made(example);
  const own = [...(layer?.parameters() ?? [])].filter(([n]) => n !== 'mean' && n !== 'variance');
  for (const [n, p] of own) {
    const { data } = await file.load(`${name}/parameter/${torchName(n, settings)}`);
    (p.value.data as Float32Array).set(data as Float32Array);
  }
  const load = (part: string): Promise<HostArray> => file.load(`${name}/${part}`);
  const [xs, cotangents] = [await load('x'), await load('cotangent')];
  const [x, cotangent] = [input('x', xs.shape), input('cotangent', cotangents.shape)];
  const out = withTraining(true, () => run(x));
  const found = gradients(out, [x, ...own.map(([, p]) => parameterTensor(p))], cotangent);
  const names = ['x', ...own.map(([n]) => n)];
  const outputs = { out, ...Object.fromEntries(names.map((n, i) => [`grad/${n}`, found[i] as Tensor])) };
  for (const plain of [false, true]) {
    const declared = [
      { name: 'x', spec: x },
      { name: 'cotangent', spec: cotangent },
    ];
    const program = await Program.create(lowerProgram(outputs, declared, { plain }));
    const got = await program.run({ x: xs, cotangent: cotangents });
    await program.dispose();
    expect(got.out?.shape).toEqual((await load('out')).shape);
    for (const [key, value] of Object.entries(got)) {
      const [part, n = ''] = key.split('/') as [string, string?];
      const want = await load(part === 'out' ? 'out' : `grad/${torchName(n, settings)}`);
      expect(relativeDifference(value.data, want.data), `${key}, plain ${plain}`).toBeLessThan(1e-5);
    }
  }
});

test('a batch norm’s sites are the batch’s statistics; outside training it uses those it keeps', async () => {
  const norm = new BatchNorm(4);
  const xs = await file.load('norm2/x');
  const x = input('x', xs.shape);
  const sites = sitesOf([withTraining(true, () => norm.forward(x))]);
  expect([...sites.keys()]).toEqual(['batch_mean', 'batch_variance']);
  const program = await Program.create(lowerProgram({ ...Object.fromEntries(sites), kept: norm.forward(x) }, [{ name: 'x', spec: x }]));
  const got = await program.run({ x: xs });
  await program.dispose();
  // PyTorch's running statistics after one batch, its variance that of a sample: n / (n − 1) times ours.
  const n = xs.data.length / 4;
  const variance = Array.from((got.batch_variance as HostArray).data as Float32Array, (v) => (v * n) / (n - 1));
  expect(relativeDifference(got.batch_mean?.data, (await file.load('norm2/buffer/running_mean')).data)).toBeLessThan(1e-5);
  expect(relativeDifference(variance, (await file.load('norm2/buffer/running_var')).data)).toBeLessThan(1e-5);
  // Means of 0 and variances of 1, as it starts: the identity but for ε.
  expect(relativeDifference(got.kept?.data, xs.data)).toBeLessThan(1e-5);
});
