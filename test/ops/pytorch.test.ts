import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { parseSafetensors } from '#dist/checkpoints/index.js';
import type { HostArray } from '#dist/core/index.js';
import { gradients } from '#dist/grad/index.js';
import {
  crossEntropy,
  cumsum,
  einsum,
  erf,
  gather,
  gelu,
  layerNorm,
  logSoftmax,
  logsumexp,
  max,
  min,
  rmsNorm,
  silu,
  softmax,
  type Tensor,
  takeAlong,
} from '#dist/ops/index.js';
import { compile } from '#dist/runtime/index.js';
import { differs } from './engine-check.js';

/** One line of `ops.json`; what PyTorch computed lies in `ops.safetensors` (made by `ops.py`). */
interface Fixture {
  readonly case: string;
  readonly op: string;
  readonly attrs: {
    readonly axis?: number;
    readonly epsilon?: number;
    readonly approximate?: string;
    readonly ignoreIndex?: number;
    readonly labelSmoothing?: number;
    readonly equation?: string;
  };
  readonly inputs: readonly string[];
  readonly grads: readonly string[];
}

/** Our program for each of PyTorch's operations, on its inputs by name. */
const programs: Readonly<Record<string, (x: Readonly<Record<string, Tensor>>, attrs: Fixture['attrs']) => Tensor>> = {
  softmax: ({ x }, { axis }) => softmax(x as Tensor, { axis: axis as number }),
  log_softmax: ({ x }, { axis }) => logSoftmax(x as Tensor, { axis: axis as number }),
  logsumexp: ({ x }, { axis }) => logsumexp(x as Tensor, { axis: axis as number }),
  cumsum: ({ x }, { axis }) => cumsum(x as Tensor, axis as number),
  max: ({ x }, { axis }) => max(x as Tensor, { axis: axis as number }),
  min: ({ x }, { axis }) => min(x as Tensor, { axis: axis as number }),
  layer_norm: ({ x, weight, bias }, { epsilon }) => layerNorm(x as Tensor, weight as Tensor, { bias, epsilon: epsilon as number }),
  rms_norm: ({ x, weight }, { epsilon }) => rmsNorm(x as Tensor, weight as Tensor, { epsilon: epsilon as number }),
  gelu: ({ x }, { approximate }) => gelu(x as Tensor, { approximate: approximate === 'tanh' }),
  silu: ({ x }) => silu(x as Tensor),
  erf: ({ x }) => erf(x as Tensor),
  cross_entropy: ({ logits, targets, weight }, { ignoreIndex, labelSmoothing }) =>
    crossEntropy(logits as Tensor, targets as Tensor, {
      ignore: ignoreIndex as number,
      labelSmoothing: labelSmoothing as number,
      ...(weight === undefined ? {} : { weights: weight }),
    }),
  embedding: ({ table, ids }) => gather(table as Tensor, ids as Tensor),
  take: ({ x, ids }, { axis }) => gather(x as Tensor, ids as Tensor, axis as number),
  gather: ({ x, ids }, { axis }) => takeAlong(x as Tensor, ids as Tensor, axis as number),
  einsum: ({ a, b }, { equation }) => einsum(equation as string, a as Tensor, b as Tensor),
};

const folder = new URL('../fixtures/', import.meta.url);
const { cases } = JSON.parse(await readFile(new URL('ops.json', folder), 'utf8')) as { cases: Fixture[] };
const file = parseSafetensors(await readFile(new URL('ops.safetensors', folder)));

test.each(cases.map((c) => [c.case, c] as const))('%s is what PyTorch computes, and so are its gradients', async (name, fixture) => {
  const program = programs[fixture.op];
  if (program === undefined) throw new Error(`no program for PyTorch's ${fixture.op}`);
  const load = async (names: readonly string[], part: string): Promise<Record<string, HostArray>> =>
    Object.fromEntries(await Promise.all(names.map(async (n) => [n, await file.load(`${name}/${part}/${n}`)] as const)));
  const run = compile((x: Record<string, Tensor>, cotangent: Tensor) => {
    const out = program(x, fixture.attrs);
    const grads = gradients(
      out,
      fixture.grads.map((n) => x[n] as Tensor),
      cotangent,
    );
    return { out, grads: Object.fromEntries(fixture.grads.map((n, i) => [n, grads[i] as Tensor])) };
  });
  const { out, grads } = await run(await load(fixture.inputs, 'in'), await file.load(`${name}/cotangent/out`));
  const expected = await load(fixture.grads, 'grad');
  await run.dispose();
  const close = (got: HostArray, want: HostArray, what: string): string[] =>
    `${got.shape}` === `${want.shape}`
      ? differs(got.data as Float32Array, want.data as Float32Array, 1e-5, what)
      : [`${what}: [${got.shape}] for [${want.shape}]`];
  expect(close(out, await file.load(`${name}/out/out`), 'out')).toEqual([]);
  expect(fixture.grads.flatMap((n) => close(grads[n] as HostArray, expected[n] as HostArray, `gradient by ${n}`))).toEqual([]);
});

test('every operation of the fixtures is checked', () => {
  expect(new Set(cases.map((c) => c.op))).toEqual(new Set(Object.keys(programs)));
});
