import { expect } from 'vitest';
import type { AttentionForm, AttentionInputs } from '#dist/attention/index.js';
import { HostArray } from '#dist/core/index.js';
import { gradients } from '#dist/grad/index.js';
import { Module } from '#dist/nn/index.js';
import { parameterTensor, type Tensor } from '#dist/ops/index.js';
import { compile } from '#dist/runtime/index.js';
import { numbers } from '../../nn/arrays.js';
import { relativeDifference } from '../../support/arrays.js';

/** Sizes of a call: [B,H,T,D], [B,K,S,D], [B,K,S,W]. */
export interface Sizes {
  readonly B: number;
  readonly H: number;
  readonly K: number;
  readonly T: number;
  readonly S: number;
  readonly D: number;
  readonly W: number;
}

export const sizes = (T: number, more: Partial<Sizes> = {}): Sizes => ({ B: 2, H: 2, K: 1, T, S: T, D: 3, W: 2, ...more });

/** Float arrays the same for the same name. */
export function floats(name: string, shape: readonly number[]): HostArray {
  return new HostArray(Float32Array.from(numbers(name, shape).data), shape, 'float32');
}

/** Bool arrays by a rule of the flat index. */
export function bools(shape: readonly number[], rule: (i: number) => boolean): HostArray {
  const size = shape.reduce((a, b) => a * b, 1);
  return new HostArray(
    Uint8Array.from({ length: size }, (_, i) => Number(rule(i))),
    shape,
    'bool',
  );
}

export interface Call {
  readonly sizes: Sizes;
  /** Float inputs, differentiated. */
  readonly bias?: HostArray;
  readonly mask?: HostArray;
  /** What is not an array: `everyQueryAttends`, places. */
  readonly inputs?: (given: Readonly<Record<string, Tensor>>) => AttentionInputs;
  readonly given?: Readonly<Record<string, HostArray>>;
}

/** A form's result, and the gradients of a random weighting of it by queries, keys, values, bias and parameters. */
export async function resultsOf(form: AttentionForm, call: Call): Promise<Record<string, HostArray>> {
  const { B, H, K, T, S, D, W } = call.sizes;
  const by = {
    query: floats('query', [B, H, T, D]),
    key: floats('key', [B, K, S, D]),
    value: floats('value', [B, K, S, W]),
    ...(call.bias && { bias: call.bias }),
  };
  const own = form instanceof Module ? [...form.parameters()] : [];
  const run = compile((differentiated: Record<string, Tensor>, rest: Record<string, Tensor>, weights: Tensor) => {
    const { query, key, value, bias } = differentiated as Record<'query' | 'key' | 'value', Tensor> & { bias?: Tensor };
    const y = form.attend(query, key, value, {
      ...(call.inputs?.(rest) ?? {}),
      ...(bias && { bias }),
      ...(rest.mask && { mask: rest.mask }),
    });
    const names = [...Object.keys(differentiated), ...own.map(([name]) => name)];
    const wrt = [...Object.values(differentiated), ...own.map(([, p]) => parameterTensor(p))];
    const found = gradients(y, wrt, weights);
    return { y, ...Object.fromEntries(names.map((name, i) => [`gradient by ${name}`, found[i] as Tensor])) };
  });
  const results = await run(by, { ...(call.mask && { mask: call.mask }), ...call.given }, floats('weights', [B, T, H, W]));
  await run.dispose();
  return results as Record<string, HostArray>;
}

/** Expects two forms to compute the same, values and all gradients, within 1e-5. */
export async function expectSame(form: AttentionForm, dense: AttentionForm, call: Call, note = ''): Promise<void> {
  const [found, want] = [await resultsOf(form, call), await resultsOf(dense, call)];
  for (const [name, { data }] of Object.entries(want)) {
    expect(relativeDifference(found[name]?.data, data), `${note} ${name}`).toBeLessThan(1e-5);
  }
}
