import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { scaledDotProduct } from '#dist/attention/index.js';
import { readSafetensors } from '#dist/checkpoints/index.js';
import { constant, evaluate, iota, type RefArray, type Tensor } from '#dist/ops/index.js';
import { relativeDifference } from '../support/arrays.js';
import { shared } from '../tokenizers/shared.js';

interface VectorCase {
  readonly name: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: Readonly<
    Partial<Record<'is_causal' | 'scale' | 'softcap' | 'q_num_heads' | 'kv_num_heads' | 'left_window_size' | 'right_window_size', number>>
  >;
}

const vectors = shared('conformance/onnx/attention.json');
const all = vectors === undefined ? [] : (JSON.parse(readFileSync(vectors, 'utf8')) as VectorCase[]);
// Queries, keys and values alone; masks, memory and score outputs have tests of their own. Half precision is left out.
const cases = all.filter(
  ({ name, inputs, outputs, attributes }) =>
    inputs.join() === 'Q,K,V' && outputs.join() === 'Y' && !name.endsWith('fp16') && !((attributes.right_window_size ?? -1) >= 0),
);

describe.skipIf(vectors === undefined)('ONNX’s published vectors', () => {
  test('are there: grouped, scaled, capped, causal, windowed', () => expect(cases.length).toBeGreaterThanOrEqual(15));

  test.each(cases)('$name', async ({ name, attributes }) => {
    const file = await readSafetensors((vectors ?? '').replace('.json', '.safetensors'));
    const load = async (key: string): Promise<Tensor> => constant(await file.load(`${name}/${key}`));
    const { q_num_heads: heads, kv_num_heads: kvHeads, left_window_size: left = -1 } = attributes;
    const byHead = (x: Tensor, count: number | undefined): Tensor => {
      if (x.rank === 4 || count === undefined) return x;
      const [batch, length, width] = x.shape as [number, number, number];
      return x.reshape([batch, length, count, width / count]).transpose([0, 2, 1, 3]);
    };
    const q = byHead(await load('in/Q'), heads);
    const [k, v] = [byHead(await load('in/K'), kvHeads), byHead(await load('in/V'), kvHeads)];
    const [queries, keys] = [iota(q.shape[2] as number).reshape([-1, 1]), iota(k.shape[2] as number).reshape([1, -1])];
    const back = queries.sub(keys); // ONNX aligns the first query with the first key, and counts a window without oneself
    const causal = attributes.is_causal ? back.greaterEqual(0) : undefined;
    const near = left >= 0 ? back.lessEqual(left) : undefined;
    const mask = causal !== undefined && near !== undefined ? causal.logicalAnd(near) : (causal ?? near);
    const y = scaledDotProduct(q, k, v, { mask, scale: attributes.scale, softCap: attributes.softcap }); // [B,T,H,D]
    const want = await file.load(`${name}/out/Y`);
    await file.close();
    const got = evaluate([want.shape.length === 3 ? y.reshape(want.shape) : y.transpose([0, 2, 1, 3])], new Map())[0] as RefArray;
    expect(got.shape).toEqual(want.shape);
    expect(relativeDifference(got.data, want.data)).toBeLessThan(1e-5);
  });
});
