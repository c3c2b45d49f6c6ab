import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { MultiHeadAttention } from '#dist/attention/index.js';
import { type HostArray, host } from '#dist/core/index.js';
import { gradients } from '#dist/grad/index.js';
import { parameterTensor, type Tensor } from '#dist/ops/index.js';
import { compile, sitesOf } from '#dist/runtime/index.js';
import { referenceOf } from '../models/checkpoint.js';
import { fixture, relativeDifference } from '../support/arrays.js';

/** One of `multi_head_attention.json`'s cases (made by multi_head_attention.py). */
interface Case {
  readonly case: string;
  readonly keyInput: number;
  readonly valueInput: number;
  readonly bias: boolean;
  readonly inputs: readonly string[];
  readonly masks: readonly string[];
  readonly parameters: readonly string[];
}

const [B, H, C] = [2, 2, 6];
const file = await referenceOf('multi_head_attention.safetensors');
const { cases } = JSON.parse(await readFile(fixture('multi_head_attention.json'), 'utf8')) as { cases: Case[] };

/** PyTorch's [out,in] as our [in,out]; its packed projection as three. */
function ourParameters(get: (name: string) => HostArray | undefined, names: readonly string[]): Map<string, number[] | number[][]> {
  const found = new Map<string, number[] | number[][]>();
  const turned = (m: number[][]): number[][] => (m[0] ?? []).map((_, j) => m.map((row) => row[j] as number));
  const rows = (name: string): number[][] => get(name)?.toArray() as unknown as number[][];
  const numbers = (name: string): number[] => get(name)?.toArray() as unknown as number[];
  const roles = ['query', 'key', 'value'];
  for (const name of names) {
    const letter = /^([qkv])_proj_weight$/.exec(name)?.[1];
    if (letter !== undefined) found.set(`${roles.find((r) => r[0] === letter)}.weight`, turned(rows(name)));
    else if (name === 'in_proj_weight')
      for (const [i, role] of roles.entries()) found.set(`${role}.weight`, turned(rows(name).slice(i * C, (i + 1) * C)));
    else if (name === 'in_proj_bias')
      for (const [i, role] of roles.entries()) found.set(`${role}.bias`, numbers(name).slice(i * C, (i + 1) * C));
    else if (name === 'out_proj.weight') found.set('output.weight', turned(rows(name)));
    else found.set('output.bias', numbers(name));
  }
  return found;
}

test.each(cases.map((c) => [c.case, c] as const))("%s: PyTorch's nn.MultiheadAttention, weights and all gradients", async (name, c) => {
  const at = (n: string): HostArray | undefined => file.get(`${name}/${n}`);
  const layer = new MultiHeadAttention({ width: C, heads: H, keyInput: c.keyInput, valueInput: c.valueInput, bias: c.bias });
  const own = layer.parameters();
  const theirs = ourParameters((n) => at(`parameter/${n}`), c.parameters);
  expect([...own.keys()].sort()).toEqual([...theirs.keys()].sort());
  for (const [n, values] of theirs) (own.get(n) as { value: HostArray }).value = host(values as number[][]);

  const run = compile((inputs: Record<string, Tensor>, masks: Record<string, Tensor>, cotangent: Tensor) => {
    const { query, key, value } = inputs as { query: Tensor; key?: Tensor; value?: Tensor };
    const { attn_mask: among, key_padding_mask: padding } = masks;
    const keys = ((key ?? query).shape as number[])[1] as number;
    // PyTorch's true forbids; its masks by head lie as [B·H,T,S].
    const perHead = among?.rank === 3 ? among.reshape([B, H, ...among.shape.slice(1)]) : among;
    const allowed = [perHead?.dtype === 'bool' ? perHead : undefined, padding?.reshape([B, 1, 1, keys])].flatMap((m) =>
      m === undefined ? [] : [m.logicalNot()],
    );
    const out = layer.forward(query, {
      context: key,
      valueContext: value,
      mask: allowed.length === 0 ? undefined : allowed.reduce((a, b) => a.logicalAnd(b)),
      bias: perHead?.dtype === 'float32' ? perHead : undefined,
    });
    const by = [...Object.values(inputs), ...[...own.values()].map(parameterTensor)];
    const found = gradients(out, by, cotangent);
    const names = [...Object.keys(inputs).map((n) => `in/${n}`), ...own.keys()];
    return {
      out,
      pattern: sitesOf([out]).get('pattern') as Tensor,
      grads: Object.fromEntries(names.map((n, i) => [n, found[i] as Tensor])),
    };
  });
  const load = (names: readonly string[]): Record<string, HostArray> =>
    Object.fromEntries(names.map((n) => [n, at(`in/${n}`) as HostArray]));
  const { out, pattern, grads } = await run(load(c.inputs), load(c.masks), at('cotangent') as HostArray);
  await run.dispose();
  expect(relativeDifference(out.data, at('out')?.data)).toBeLessThan(1e-5);
  expect(relativeDifference(pattern.data, at('pattern')?.data)).toBeLessThan(1e-5);
  for (const n of c.inputs) expect(relativeDifference(grads[`in/${n}`]?.data, at(`grad/in/${n}`)?.data), n).toBeLessThan(1e-5);
  // Gradients that cancel (softmax does not see a constant added to all keys: the key's bias has none) are measured against the largest.
  const wanted = ourParameters((n) => at(`grad/parameter/${n}`), c.parameters);
  const largest = Math.max(...[...wanted.values()].flat(2).map(Math.abs));
  for (const [n, values] of wanted) {
    (values.flat() as number[]).forEach((v, i) => {
      expect(Math.abs(v - Number(grads[n]?.data[i])) / largest, `${n} ${i}`).toBeLessThan(1e-5);
    });
  }
});
