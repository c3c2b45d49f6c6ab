import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { parseSafetensors, writeSafetensors } from '#dist/checkpoints/index.js';
import { HostArray } from '#dist/core/index.js';
import { generateStories } from '#dist/datasets/index.js';
import { decodeModel } from '#dist/onnx/index.js';
import { headlight, temporaryFolder, tiny, within, workIn } from './command.js';

const here = temporaryFolder();
workIn(here);
const at = (...parts: string[]) => join(here, ...parts);
const patterns = ['blocks.0.attention.pattern', 'blocks.1.attention.pattern'];

beforeAll(async () => {
  writeFileSync(at('text.txt'), generateStories({ seed: 3, characters: 4000 }));
  expect((await within('train', 'text.txt', ...tiny, '--steps', '2', '--out', 'good')).code).toBe(0);
  cpSync(at('good'), at('broken'), { recursive: true });
  const file = parseSafetensors(new Uint8Array(readFileSync(at('good/model.safetensors'))));
  const tensors = new Map<string, HostArray>();
  for (const name of file.names) tensors.set(name, await file.load(name));
  const name = 'transformer.h.1.mlp.c_fc.weight';
  const { shape, data } = tensors.get(name) as HostArray;
  tensors.set(name, new HostArray(new Float32Array(data.length).fill(Number.NaN), shape, 'float32'));
  await writeSafetensors(at('broken/model.safetensors'), tensors, { format: 'pt' });
});

/** Command lines on a checkpoint, and what the first program of each takes and gives. */
const commands = [
  { args: (c: string) => ['eval', c, 'text.txt'], inputs: ['inputs', 'targets'], outputs: ['loss'] },
  {
    args: (c: string) => ['generate', c, '--prompt', 'Marlow', '--max-new-tokens', '3'],
    inputs: ['ids', 'filled', 'position', 'keys.0', 'keys.1', 'values.0', 'values.1'],
    outputs: ['logits', 'recent'],
  },
  {
    args: (c: string) => ['capture', c, '--ids', '1,2', '--sites', '*.pattern', '--out', 'c.safetensors'],
    inputs: ['ids'],
    outputs: patterns,
  },
  { args: (c: string) => ['attend', c, '--text', 'Marlow', '--svg', 'a.svg'], inputs: ['ids'], outputs: patterns },
];

describe.each(commands.map((command) => ({ name: command.args('')[0], ...command })))('$name', ({ name, args, inputs, outputs }) => {
  test('--dump-onnx writes the program, without the weights; --check lets finite numbers pass', async () => {
    // This one as a process of its own, the built command: another way to the same.
    const plain = await headlight(here, ...args('good'), '--json');
    const { code, err, json } = await within(...args('good'), '--dump-onnx', `dumps/${name}.onnx`, '--json');
    expect(code, err).toBe(0);
    const { graph } = decodeModel(new Uint8Array(readFileSync(at(`dumps/${name}.onnx`))));
    expect(graph.outputs.map((o) => o.name)).toEqual(outputs);
    const given = graph.inputs.map((i) => i.name);
    expect(given).toEqual(expect.arrayContaining(inputs));
    expect(given.length).toBeGreaterThan(inputs.length + 15);
    const checked = await within(...args('good'), '--check', '--json');
    expect(checked.code, checked.err).toBe(0);
    // With every site an output, fewer operators are fused: the last digits of a logarithm may differ.
    const lasting = ({ tokensPerSecond: _, logprobs: __, ...rest }: Record<string, unknown>) => rest;
    expect(lasting(json())).toEqual(lasting(plain.json()));
    expect(lasting(checked.json())).toEqual(lasting(plain.json()));
  });

  test('--check names where NaN begins, and fails', async () => {
    const { code, out, err } = await (name === 'generate'
      ? headlight(here, ...args('broken'), '--check')
      : within(...args('broken'), '--check'));
    expect(err).toMatch(/^headlight: check at blocks\.1\.mlp[\w.]*: every value is finite; got NaN at \[0,0,0\]/m);
    expect([out, code]).toEqual(['', 1]);
  });
});
