import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { ConformanceCase } from '#dist/cli/conformance/cases.js';
import { runCase } from '#dist/cli/conformance/run.js';
import { HostArray } from '#dist/core/index.js';
import { expectPassed, type Stored, source } from './cases.js';

/**
 * ONNX Attention by loops in float64, after its specification (opset 25): keys and values of the memory first, scores
 * scaled and capped, float masks added, then causality, windows and lengths counted from what precedes the queries.
 */
interface Sizes {
  readonly [name: string]: number | boolean | string | undefined;
  readonly batch: number;
  readonly groups: number;
  readonly kvHeads: number;
  readonly length: number;
  readonly keys: number;
  readonly past: number;
  readonly width: number;
  readonly valueWidth: number;
  readonly causal: boolean;
  readonly left: number;
  readonly right: number;
  readonly cap: number;
  readonly mode: number;
  readonly maskKind: string;
  readonly maskRank: number;
  readonly outside: boolean;
  readonly flat: boolean;
  /** How many of the last keys the mask does not speak of. */
  readonly untold: number;
  /** TensorProto's number of the softmax's precision. */
  readonly precision: number | undefined;
  readonly stored: Stored;
  readonly seed: number;
}

const sizes: fc.Arbitrary<Sizes> = fc.record({
  batch: fc.integer({ min: 1, max: 2 }),
  groups: fc.integer({ min: 1, max: 3 }),
  kvHeads: fc.integer({ min: 1, max: 2 }),
  length: fc.integer({ min: 1, max: 4 }),
  keys: fc.integer({ min: 1, max: 5 }),
  past: fc.constantFrom(0, 0, 3),
  width: fc.constantFrom(2, 4),
  valueWidth: fc.constantFrom(2, 3),
  causal: fc.boolean(),
  left: fc.constantFrom(-1, -1, 0, 2),
  right: fc.constantFrom(-1, -1, 0, 1),
  cap: fc.constantFrom(0, 0.7),
  mode: fc.integer({ min: 0, max: 3 }),
  maskKind: fc.constantFrom('none', 'bool', 'float'),
  maskRank: fc.integer({ min: 1, max: 4 }),
  outside: fc.boolean(),
  flat: fc.boolean(),
  untold: fc.constantFrom(0, 0, 1),
  precision: fc.constantFrom(undefined, 1, 10, 11),
  stored: fc.constantFrom<Stored>('float32', 'float32', 'float64', 'float16'),
  seed: fc.integer({ min: 0, max: 1e6 }),
});

function caseOf(s: Sizes): ConformanceCase {
  const drawn = source(s.seed, s.stored);
  const random = (n: number): Float64Array => drawn([n]).data;
  const heads = s.groups * s.kvHeads;
  const total = s.past + s.keys;
  const [q, k, v] = [
    random(s.batch * heads * s.length * s.width),
    random(s.batch * s.kvHeads * s.keys * s.width),
    random(s.batch * s.kvHeads * s.keys * s.valueWidth),
  ];
  const [pk, pv] = [random(s.batch * s.kvHeads * s.past * s.width), random(s.batch * s.kvHeads * s.past * s.valueWidth)];
  const outside = s.outside && s.past === 0;
  const nonpad = Array.from(random(s.batch), (v) => Math.max(1, Math.round(((v + 1) / 2) * s.keys)));
  const told = Math.max(1, total - s.untold);
  const maskShape = [s.batch, heads, s.length, told].slice(4 - s.maskRank);
  const mask = random(maskShape.reduce((a, b) => a * b, 1));
  if (s.maskKind === 'float')
    mask.forEach((m, i) => {
      if (m < -0.7) mask[i] = Number.NEGATIVE_INFINITY;
      // The least number there is does not forbid, but leaves next to nothing.
      else if (m < -0.6 && s.stored === 'float32') mask[i] = -3.4028234663852886e38;
    });

  const at = (b: number, h: number, i: number, j: number): number => {
    if (j >= told) return Number.NEGATIVE_INFINITY;
    const index = [b, h, i, j].slice(4 - s.maskRank);
    return mask[index.reduce((n, x, axis) => n * (maskShape[axis] as number) + x, 0)] as number;
  };
  const keyAt = (b: number, g: number, j: number, d: number): number =>
    (j < s.past
      ? pk[((b * s.kvHeads + g) * s.past + j) * s.width + d]
      : k[((b * s.kvHeads + g) * s.keys + j - s.past) * s.width + d]) as number;
  const valueAt = (b: number, g: number, j: number, d: number): number =>
    (j < s.past
      ? pv[((b * s.kvHeads + g) * s.past + j) * s.valueWidth + d]
      : v[((b * s.kvHeads + g) * s.keys + j - s.past) * s.valueWidth + d]) as number;

  const y = new Float64Array(s.batch * heads * s.length * s.valueWidth);
  const stage = new Float64Array(s.batch * heads * s.length * total);
  for (let b = 0; b < s.batch; b++)
    for (let h = 0; h < heads; h++)
      for (let i = 0; i < s.length; i++) {
        const g = Math.floor(h / s.groups);
        const place = i + (outside ? (nonpad[b] as number) - s.length : s.past);
        const scores = Array.from({ length: total }, (_, j) => {
          let raw = 0;
          for (let d = 0; d < s.width; d++) raw += (q[((b * heads + h) * s.length + i) * s.width + d] as number) * keyAt(b, g, j, d);
          raw /= Math.sqrt(s.width);
          const capped = s.cap > 0 ? s.cap * Math.tanh(raw / s.cap) : raw;
          const added = s.maskKind === 'float' ? capped + at(b, h, i, j) : capped;
          const allowed =
            (!s.causal || j <= place) &&
            (s.left < 0 || j >= place - s.left) &&
            (s.right < 0 || j <= place + s.right) &&
            (!outside || j < (nonpad[b] as number)) &&
            (s.maskKind !== 'bool' || at(b, h, i, j) > 0);
          return { raw, capped, final: allowed ? added : Number.NEGATIVE_INFINITY };
        });
        const top = Math.max(...scores.map((x) => x.final));
        const weights = scores.map((x) => (top === Number.NEGATIVE_INFINITY ? 0 : Math.exp(x.final - top)));
        const sum = weights.reduce((a, c) => a + c, 0);
        scores.forEach((x, j) => {
          const weight = sum === 0 ? 0 : (weights[j] as number) / sum;
          stage[((b * heads + h) * s.length + i) * total + j] = [x.raw, x.capped, x.final, weight][s.mode] as number;
          for (let d = 0; d < s.valueWidth; d++)
            (y[((b * heads + h) * s.length + i) * s.valueWidth + d] as number) += weight * valueAt(b, g, j, d);
        });
      }

  const array = (data: Float64Array, shape: readonly number[]): HostArray =>
    s.stored === 'float64' ? new HostArray(data, shape, 'float64') : new HostArray(Float32Array.from(data), shape, 'float32');
  /** [B,H,T,D] as [B,T,H·D], where the case is flat. */
  const laid = (data: Float64Array, count: number, length: number, width: number): HostArray => {
    if (!s.flat) return array(data, [s.batch, count, length, width]);
    const out = new Float64Array(data.length);
    for (let b = 0; b < s.batch; b++)
      for (let h = 0; h < count; h++)
        for (let i = 0; i < length; i++)
          for (let d = 0; d < width; d++)
            out[((b * length + i) * count + h) * width + d] = data[((b * count + h) * length + i) * width + d] as number;
    return array(out, [s.batch, length, count * width]);
  };
  const given =
    s.maskKind === 'none'
      ? undefined
      : s.maskKind === 'float'
        ? array(mask, maskShape)
        : new HostArray(
            Uint8Array.from(mask, (m) => (m > 0 ? 1 : 0)),
            maskShape,
            'bool',
          );
  const memory =
    s.past > 0
      ? [array(pk, [s.batch, s.kvHeads, s.past, s.width]), array(pv, [s.batch, s.kvHeads, s.past, s.valueWidth])]
      : [undefined, undefined];
  return {
    name: 'generated',
    op: 'Attention',
    attributes: {
      is_causal: s.causal ? 1 : 0,
      left_window_size: s.left,
      right_window_size: s.right,
      softcap: s.cap,
      qk_matmul_output_mode: s.mode,
      ...(s.precision !== undefined && { softmax_precision: s.precision }),
      ...(s.flat && { q_num_heads: heads, kv_num_heads: s.kvHeads }),
    },
    inputs: [
      laid(q, heads, s.length, s.width),
      laid(k, s.kvHeads, s.keys, s.width),
      laid(v, s.kvHeads, s.keys, s.valueWidth),
      given,
      ...memory,
      outside ? new HostArray(Int32Array.from(nonpad), [s.batch], 'int32') : undefined,
    ],
    outputs: [laid(y, heads, s.length, s.valueWidth), undefined, undefined, array(stage, [s.batch, heads, s.length, total])],
    half: s.stored === 'float16',
  };
}

test('Attention equals a naive loop after ONNX’s specification, for any mixture of its features', async () => {
  await fc.assert(
    fc.asyncProperty(sizes, async (s) => {
      await expectPassed(caseOf(s));
    }),
    { numRuns: 50 },
  );
});

test('what is wrong by little is found, and its size told', async () => {
  const good = caseOf({
    ...{ batch: 1, groups: 1, kvHeads: 1, length: 2, keys: 3, past: 0, width: 2, valueWidth: 2, causal: true, left: -1, right: -1 },
    ...{ cap: 0, mode: 0, maskKind: 'none', maskRank: 2, outside: false, flat: false, seed: 7 },
    ...{ untold: 0, precision: undefined, stored: 'float32' },
  });
  await expectPassed(good);
  const y = good.outputs[0] as HostArray;
  const moved = new HostArray(
    Float32Array.from(y.data as Float32Array, (x, i) => (i === 3 ? x + 0.001 : x)),
    y.shape,
    'float32',
  );
  const result = await runCase({ ...good, outputs: [moved] });
  expect(result.passed).toBe(false);
  expect(result.largest).toBeCloseTo(0.001, 5);
});

test('values of another width than queries and keys', async () => {
  const given = caseOf({
    ...{ batch: 1, groups: 2, kvHeads: 1, length: 2, keys: 3, past: 3, width: 2, valueWidth: 3, causal: true, left: -1, right: -1 },
    ...{
      cap: 0.7,
      mode: 3,
      maskKind: 'float',
      maskRank: 2,
      outside: false,
      flat: true,
      untold: 0,
      precision: 11,
      stored: 'float32',
      seed: 5,
    },
  });
  const wide = given.inputs.map((x, i) =>
    i === 2 && x ? new HostArray(Float64Array.from(x.data as Float32Array), x.shape, 'float64') : x,
  );
  await expectPassed({ ...given, inputs: wide });
});
