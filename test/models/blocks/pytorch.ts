import { expect } from 'vitest';
import { type HostArray, host } from '#dist/core/index.js';
import { gradients } from '#dist/grad/index.js';
import type { Module } from '#dist/nn/index.js';
import { parameterTensor, type Tensor } from '#dist/ops/index.js';
import { compile } from '#dist/runtime/index.js';
import { largestDifference, relativeDifference } from '../../support/arrays.js';

/** What transformer.py wrote. */
export type Reference = ReadonlyMap<string, HostArray>;
type Numbers = readonly number[] | readonly (readonly number[])[];

const fields: readonly (readonly [RegExp, string])[] = [
  [/(^|encoder\.)layers\.(\d+)\./, '$1blocks.$2.'],
  [/decoder\.layers\.(\d+)\./, 'decoder.blocks.$1.'],
  [/multihead_attn\./, 'cross_attention.'],
  [/out_proj\./, 'output.'],
  [/linear1\./, 'mlp.up.'],
  [/linear2\./, 'mlp.down.'],
];

function ourName(theirs: string): string {
  const name = fields.reduce((n, [pattern, ours]) => n.replace(pattern, ours), theirs);
  // Only a decoder has two attentions.
  return name.replace('self_attn.', theirs.includes('decoder') ? 'self_attention.' : 'attention.');
}

/** Arrays by PyTorch's parameter names as ours: matrices [out,in] turned to [in,out], packed projections as three. */
function asOurs(prefix: string, reference: Reference, isDecoder: boolean): Map<string, Numbers> {
  const found = new Map<string, Numbers>();
  for (const [key, array] of reference) {
    if (!key.startsWith(prefix) || /^(src|tgt)$/.test(key.slice(prefix.length))) continue;
    const rows = array.toArray() as number[] | number[][];
    const name = ourName(`${isDecoder ? 'decoder.' : ''}${key.slice(prefix.length)}`).replace(isDecoder ? /^decoder\./ : /^$/, '');
    const packed = /^(.*)in_proj_(weight|bias)$/.exec(name);
    if (packed === null) found.set(name, turned(rows));
    else {
      const third = rows.length / 3;
      ['query', 'key', 'value'].forEach((role, i) => {
        found.set(`${packed[1]}${role}.${packed[2]}`, turned(rows.slice(i * third, (i + 1) * third) as Numbers));
      });
    }
  }
  return found;
}

function turned(m: Numbers): Numbers {
  const first = m[0];
  return typeof first === 'number' || first === undefined ? m : first.map((_, j) => (m as number[][]).map((row) => row[j] as number));
}

/** Gives a module the parameters of one of the fixture's. */
export function loadParameters(module: Module, name: string, reference: Reference): void {
  const own = module.parameters();
  const theirs = asOurs(`${name}/parameter/`, reference, name.startsWith('decoder'));
  expect([...own.keys()].sort()).toEqual([...theirs.keys()].sort());
  for (const [n, values] of theirs) (own.get(n) as { value: HostArray }).value = host(values as number[][]);
}

/** Masks by PyTorch's names, as ours: true = attend; floats are added. */
export type Masks = Readonly<Record<string, HostArray>>;

export interface Case {
  readonly name: string;
  readonly module: Module;
  /** Names of the inputs, the last of which is of the output's shape. */
  readonly inputs: readonly ('src' | 'tgt')[];
  /** PyTorch's names of masks, and of the fixture's arrays that are given for them. */
  readonly masks: Readonly<Record<string, string>>;
  readonly forward: (inputs: Readonly<Record<string, Tensor>>, masks: Readonly<Record<string, Tensor | undefined>>) => Tensor;
}

/** Ours computes what PyTorch computed: the output, and every gradient that the fixture has of these cases, which are one program over the same inputs. */
export async function expectPyTorch(cases: readonly Case[], reference: Reference): Promise<void> {
  const at = (n: string): HostArray => reference.get(n) as HostArray;
  const wanted = cases.map(({ name }) => asOurs(`${name}/grad/`, reference, name.startsWith('decoder')));
  const run = compile((given: Record<string, Tensor>, theirs: Record<string, Tensor>, cotangent: Tensor) =>
    cases.map(({ module, inputs, masks, forward }, c) => {
      const parameters = wanted[c]?.size ? [...module.parameters()] : [];
      const ours = Object.entries(masks).map(([n, key]) => {
        const mask = theirs[key] as Tensor;
        return [n, mask.dtype === 'bool' ? mask.logicalNot() : mask] as const;
      });
      const out = forward(given, Object.fromEntries(ours));
      const by = [...inputs.map((n) => given[n] as Tensor), ...parameters.map(([, p]) => parameterTensor(p))];
      const found = gradients(out, by, cotangent);
      return { out, grads: Object.fromEntries([...inputs, ...parameters.map(([n]) => n)].map((n, i) => [n, found[i] as Tensor])) };
    }),
  );
  const inputs = cases[0]?.inputs ?? [];
  const given = Object.fromEntries(inputs.map((n) => [n, at(`in/${n}`)]));
  const theirs = Object.fromEntries(cases.flatMap(({ masks }) => Object.values(masks)).map((key) => [key, at(`in/${key}`)]));
  const results = await run(given, theirs, at(`in/cotangent_${inputs.at(-1)}`));
  await run.dispose();
  cases.forEach(({ name }, c) => {
    const { out, grads } = results[c] as { out: HostArray; grads: Record<string, HostArray> };
    expect(relativeDifference(out.data, at(`${name}/out`).data), name).toBeLessThan(1e-5);
    for (const n of inputs) expect(relativeDifference(grads[n]?.data, at(`${name}/grad/${n}`).data), `${name} ${n}`).toBeLessThan(1e-5);
    // Gradients that cancel (softmax does not see a constant added to all keys) are measured against the largest.
    const values = [...(wanted[c] ?? [])].map(([n, v]) => [n, v.flat()] as const);
    const largest = Math.max(...values.flatMap(([, v]) => v).map(Math.abs));
    for (const [n, flat] of values) expect(largestDifference(grads[n]?.data, flat) / largest, `${name} ${n}`).toBeLessThan(1e-5);
  });
}
