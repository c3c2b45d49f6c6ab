import { expect } from 'vitest';
import { loadModel, readSafetensors } from '#dist/checkpoints/index.js';
import { type HostArray, host } from '#dist/core/index.js';
import { generateAll } from '#dist/generate/index.js';
import { gradients } from '#dist/grad/index.js';
import { lens } from '#dist/lens/index.js';
import type { LanguageModel } from '#dist/models/index.js';
import { crossEntropy, input, parameterTensor, type Tensor } from '#dist/ops/index.js';
import { lowerProgram, Program } from '#dist/runtime/index.js';
import { fixture, largestDifference, relativeDifference } from '../support/arrays.js';

/** What a fixture's `reference.safetensors` holds, all of it. */
export async function referenceOf(path: string): Promise<ReadonlyMap<string, HostArray>> {
  const file = await readSafetensors(fixture(path));
  const arrays = new Map<string, HostArray>();
  for (const name of file.names) arrays.set(name, await file.load(name));
  await file.close();
  return arrays;
}

/** Every decoder's sites, by the table of roles. */
export function decoderSites(layers: number): string[] {
  const roles = ['query', 'key', 'value', 'scores', 'pattern', 'mixed', 'output'].map((r) => `attention.${r}`);
  const perBlock = [...roles, 'mlp.pre', 'mlp.post', 'mlp.output', 'residual.pre', 'residual.mid', 'residual.post'];
  return ['embed', ...Array.from({ length: layers }, (_, i) => perBlock.map((r) => `blocks.${i}.${r}`)).flat(), 'final_norm', 'logits'];
}

/** Captures every site for the reference's ids and compares those that the reference has, all but `without`. */
export async function expectSites(
  model: LanguageModel,
  reference: ReadonlyMap<string, HostArray>,
  { layers, without = [] }: { layers: number; without?: readonly string[] },
): Promise<void> {
  const seen = await lens(model).capture(rowsOf(reference), '*');
  expect(Object.keys(seen).sort()).toEqual(decoderSites(layers).sort());
  for (const site of decoderSites(layers).filter((s) => !without.includes(s))) {
    expect(seen[site]?.shape, site).toEqual(reference.get(site)?.shape);
    expect(largestDifference(seen[site]?.data, reference.get(site)?.data), site).toBeLessThan(1e-4);
  }
}

/** Loss and gradients by every parameter, lowered for ONNX Runtime and plainly; `hf` names and turns a gradient as the file has it. */
export async function expectGradients(
  folder: string,
  reference: ReadonlyMap<string, HostArray>,
  hf: (ours: string, gradient: HostArray) => { name: string; gradient: HostArray },
): Promise<void> {
  const model = await loadModel(fixture(folder));
  const rows = rowsOf(reference);
  const shape = [rows.length, (rows[0]?.length ?? 0) - 1];
  const [inputs, targets] = [input('inputs', shape, 'int32'), input('targets', shape, 'int32')];
  const loss = crossEntropy(model.forward(inputs).reshape([-1, model.vocabulary]), targets.reshape([-1]));
  const parameters = [...model.parameters()];
  const found = gradients(
    loss,
    parameters.map(([, p]) => parameterTensor(p)),
  );
  const outputs: Record<string, Tensor> = { loss, ...Object.fromEntries(parameters.map(([n], i) => [n, found[i] as Tensor])) };
  const declared = [
    { name: 'inputs', spec: inputs },
    { name: 'targets', spec: targets },
  ];
  const feeds = {
    inputs: host(
      rows.map((r) => r.slice(0, -1)),
      { dtype: 'int32' },
    ),
    targets: host(
      rows.map((r) => r.slice(1)),
      { dtype: 'int32' },
    ),
  };
  for (const plain of [false, true]) {
    const program = await Program.create(lowerProgram(outputs, declared, { plain }));
    const got = await program.run(feeds);
    await program.dispose();
    expect(got.loss?.item()).toBeCloseTo(reference.get('loss')?.item() ?? Number.NaN, 5);
    for (const [ours] of parameters) {
      const { name, gradient } = hf(ours, got[ours] as HostArray);
      expect(relativeDifference(gradient.data, reference.get(`grad.${name}`)?.data), `${name}, plain ${plain}`).toBeLessThan(1e-5);
    }
  }
}

/** Greedy tokens after the first `prompt` ids of the first row. */
export async function expectGreedy(model: LanguageModel, reference: ReadonlyMap<string, HostArray>, prompt: number): Promise<void> {
  const want = Array.from(reference.get('greedy')?.data ?? [], Number);
  const { newIds } = await generateAll(model, rowsOf(reference)[0]?.slice(0, prompt) ?? [], {
    maxNewTokens: want.length,
    temperature: 0,
  });
  expect(newIds).toEqual(want);
}

function rowsOf(reference: ReadonlyMap<string, HostArray>): number[][] {
  return (reference.get('ids') as HostArray).toArray() as number[][];
}
