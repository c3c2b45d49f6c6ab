import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { attend } from '#dist/attention/index.js';
import { readSafetensors } from '#dist/checkpoints/index.js';
import { type HostArray, symbol } from '#dist/core/index.js';
import { constant, evaluate, input, type RefArray, type Tensor } from '#dist/ops/index.js';
import { ntkBase, Rotary, type Rotation, rotaryFrequencies, rotate } from '#dist/position/index.js';
import { sitesOf } from '#dist/runtime/index.js';
import { numbers } from '../nn/arrays.js';
import { relativeDifference } from '../support/arrays.js';
import { shared } from '../tokenizers/shared.js';

const reading = (y: Tensor, feeds = new Map<Tensor, RefArray>()): RefArray => evaluate([y], feeds)[0] as RefArray;

interface VectorCase {
  readonly name: string;
  readonly attributes: { readonly interleaved?: number; readonly rotary_embedding_dim?: number; readonly num_heads?: number };
}

const vectors = shared('conformance/onnx/rotaryembedding.json');
describe.skipIf(vectors === undefined)('ONNX’s published vectors', () => {
  const cases = vectors === undefined ? [] : (JSON.parse(readFileSync(vectors, 'utf8')) as VectorCase[]);
  test.each(cases)('$name', async ({ name, attributes }) => {
    const file = await readSafetensors((vectors ?? '').replace('.json', '.safetensors'));
    const load = (key: string): Promise<HostArray> => file.load(`${name}/${key}`);
    const x = constant(await load('in/input'));
    const [cosines, sines] = [constant(await load('in/cos_cache')), constant(await load('in/sin_cache'))];
    const flat = x.rank === 3; // [B,T,H·D] instead of [B,H,T,D]
    const [batch, length] = x.shape as [number, number];
    const heads = attributes.num_heads ?? 1;
    const byHead = flat ? x.reshape([batch, length, heads, (x.shape[2] as number) / heads]).transpose([0, 2, 1, 3]) : x;
    const steps = byHead.shape[2] as number;
    const hasPositions = file.names.includes(`${name}/in/position_ids`);
    const places = hasPositions ? Array.from((await load('in/position_ids')).data, Number) : undefined;
    const pick = (cache: Tensor): Tensor => {
      if (places === undefined) return cache.reshape([batch, 1, steps, cache.shape[2] as number]);
      const data = reading(cache);
      const half = data.shape[1] as number;
      const rows = places.map((p) => Array.from(data.data.slice(p * half, (p + 1) * half)));
      return x.mul(0).sum().add(rows).reshape([batch, 1, steps, half]);
    };
    const rotation: Rotation = { cos: pick(cosines), sin: pick(sines) };
    const turned = rotate(byHead, rotation, { interleaved: attributes.interleaved === 1 });
    const got = reading(flat ? turned.transpose([0, 2, 1, 3]).reshape(x.shape) : turned);
    const want = await load('out/output');
    await file.close();
    expect(got.shape).toEqual(want.shape);
    expect(relativeDifference(got.data, want.data)).toBeLessThan(1e-5);
  });
});

const [D, T] = [8, 5];
const rotary = new Rotary({ context: 64, width: D });
const ids = input('ids', [1, T], 'int32');

/** q·k of a query at position m and a key at position n. */
function product(m: number, n: number, interleaved: boolean): number {
  const one = input('ids', [1, 1], 'int32');
  const position = input('position', [1], 'int32');
  const { cos, sin } = rotary.at(one, position);
  const at = (name: string, place: number): Float64Array => {
    const x = input(name, [1, 1, 1, D]);
    const feeds = new Map<Tensor, RefArray>([
      [x, numbers(name, [1, 1, 1, D])],
      [position, { shape: [1], data: Float64Array.of(place) }],
    ]);
    return reading(rotate(x, { cos, sin }, { interleaved }), feeds).data;
  };
  const [q, k] = [at('q', m), at('k', n)];
  return q.reduce((s, v, i) => s + v * (k[i] as number), 0);
}

test.each([false, true])('products depend on distances only; interleaved %s', (interleaved) => {
  fc.assert(
    fc.property(fc.nat(20), fc.nat(20), fc.nat(20), (m, n, shift) => {
      expect(product(m + shift, n + shift, interleaved)).toBeCloseTo(product(m, n, interleaved), 9);
    }),
    { numRuns: 20 },
  );
  expect(Math.abs(product(5, 2, interleaved) - product(5, 3, interleaved))).toBeGreaterThan(1e-3);
});

test('lengths stay, position 0 stays, and so do numbers beyond the rotated ones', () => {
  const x = input('x', [2, 3, T, 12]);
  const values = numbers('x', [2, 3, T, 12]);
  const y = reading(rotate(x, rotary.at(ids)), new Map([[x, values]])).data;
  for (let row = 0; row < 2 * 3 * T; row++) {
    const [a, b] = [values.data.slice(row * 12, (row + 1) * 12), y.slice(row * 12, (row + 1) * 12)];
    expect([...b.slice(D)]).toEqual([...a.slice(D)]);
    expect(Math.hypot(...b)).toBeCloseTo(Math.hypot(...a), 10);
    if (row % T === 0) expect([...b]).toEqual([...a]);
  }
});

test('positions: a first one, or each token’s own, are the rows of the whole', () => {
  const whole = reading(rotary.at(input('ids', [1, 20], 'int32')).cos);
  const first = input('first', [1], 'int32');
  const later = reading(rotary.at(ids, first).cos, new Map([[first, { shape: [1], data: Float64Array.of(7) }]]));
  expect([...later.data]).toEqual([...whole.data.slice((7 * D) / 2, (12 * D) / 2)]);
  const [B, L] = [symbol('B'), symbol('L')];
  expect(rotary.at(input('ids', [B, L], 'int32'), input('p', [B, L], 'int32')).sin.shape).toEqual([B, 1, L, D / 2]);
  const own = input('own', [2, 2], 'int32');
  const each = reading(
    rotary.at(input('ids', [2, 2], 'int32'), own).cos,
    new Map([[own, { shape: [2, 2], data: Float64Array.of(3, 0, 19, 3) }]]),
  );
  expect([...each.data]).toEqual([3, 0, 19, 3].flatMap((p) => [...whole.data.slice((p * D) / 2, ((p + 1) * D) / 2)]));
});

describe('scalings', () => {
  const plain = rotaryFrequencies(64, 10000).radians;
  const original = { factor: 8, originalContext: 8192 };

  test('plain frequencies fall from 1, by one ratio', () => {
    expect(plain[0]).toBe(1);
    expect(plain[31]).toBeCloseTo(10000 ** (-62 / 64), 12);
  });

  test('linear divides all', () => {
    const { radians, amplitude } = rotaryFrequencies(64, 10000, { kind: 'linear', factor: 4 });
    expect([...radians]).toEqual([...plain].map((r) => r / 4));
    expect(amplitude).toBe(1);
  });

  test('llama3 and yarn keep the fast, divide the slow, and lie between elsewhere', () => {
    for (const { radians } of [
      rotaryFrequencies(64, 10000, { kind: 'llama3', ...original, lowFrequencyFactor: 1, highFrequencyFactor: 4 }),
      rotaryFrequencies(64, 10000, { kind: 'yarn', ...original, fastTurns: 32, slowTurns: 1, attentionFactor: 1.2 }),
    ]) {
      expect(radians[0]).toBe(1);
      expect(radians[31]).toBeCloseTo((plain[31] as number) / 8, 12);
      const kept = [...radians].map((r, i) => r / (plain[i] as number));
      expect(kept.toSorted((a, b) => b - a)).toEqual(kept);
      expect(kept.some((k) => k > 0.2 && k < 0.9)).toBe(true);
    }
  });

  test('ntk keeps the fastest and makes the slowest as slow as linear would', () => {
    const radians = rotaryFrequencies(64, ntkBase(10000, 8, 64)).radians;
    expect(radians[0]).toBe(1);
    expect((radians[31] as number) / (plain[31] as number)).toBeCloseTo(1 / 8, 12);
    const kept = [...radians].map((r, i) => r / (plain[i] as number));
    expect(kept.toSorted((a, b) => b - a)).toEqual(kept);
    expect(ntkBase(500, 1, 4)).toBe(500);
    expect(ntkBase(10000, 4, 64)).toBeCloseTo(10000 * 4 ** (64 / 62), 6);
  });

  test('yarn’s factor is of cosines and sines', () => {
    const scaling = { kind: 'yarn', ...original, fastTurns: 32, slowTurns: 1, attentionFactor: 1.2 } as const;
    const { cos, sin } = new Rotary({ context: 64, width: D, scaling }).at(ids);
    const [c, s] = [reading(cos).data, reading(sin).data];
    for (let i = 0; i < c.length; i++) expect(Math.hypot(c[i] as number, s[i] as number)).toBeCloseTo(1.2, 6);
  });
});

describe('a head’s score over distance', () => {
  const [length, width] = [12, 6];
  const q = input('q', [1, 1, length, width]);
  const k = input('k', [1, 1, length, width]);

  /** Scores [T][T] of a head whose queries are all one vector and whose keys are all another. */
  const scores = (query: readonly number[], key: readonly number[], interleaved: boolean): Float64Array => {
    const rotation = new Rotary({ context: length, width, interleaved }).at(input('ids', [1, length], 'int32'));
    const site = sitesOf([attend(rotate(q, rotation), rotate(k, rotation), k)]).get('scores') as Tensor;
    const all = (v: readonly number[]): RefArray => ({
      shape: q.shape as readonly number[],
      data: Float64Array.from({ length: length * width }, (_, i) => v[i % width] as number),
    });
    const feeds = new Map([
      [q, all(query)],
      [k, all(key)],
    ]);
    return reading(site, feeds).data;
  };

  test.each([false, true])('is the sum of the cosines that its frequencies predict; interleaved %s', (interleaved) => {
    const numbersOf6 = fc.array(fc.double({ min: -2, max: 2, noNaN: true }), { minLength: width, maxLength: width });
    const { radians } = rotaryFrequencies(width, 10000);
    fc.assert(
      fc.property(numbersOf6, numbersOf6, (a, b) => {
        const got = scores(a, b, interleaved);
        for (let m = 0; m < length; m++) {
          for (let n = 0; n < length; n++) {
            let want = 0;
            radians.forEach((theta, i) => {
              const [x, y] = interleaved ? [2 * i, 2 * i + 1] : [i, i + width / 2];
              const [ax, ay, bx, by] = [a[x], a[y], b[x], b[y]] as [number, number, number, number];
              const phase = Math.atan2(ay, ax) - Math.atan2(by, bx);
              want += Math.hypot(ax, ay) * Math.hypot(bx, by) * Math.cos(theta * (m - n) + phase);
            });
            expect(got[m * length + n]).toBeCloseTo(want / Math.sqrt(width), 5);
          }
        }
      }),
      { numRuns: 10 },
    );
  });

  test('of one pair alone is cos(θ·distance)', () => {
    const theta = rotaryFrequencies(width, 10000).radians[1] as number;
    const got = scores([0, 1, 0, 0, 0, 0], [0, 1, 0, 0, 0, 0], false);
    for (let m = 0; m < length; m++) expect(got[m * length]).toBeCloseTo(Math.cos(theta * m) / Math.sqrt(width), 7);
  });
});

test('a rotation that says its pairs are neighbours is turned so', () => {
  const x = input('x', [1, 1, T, D]);
  const feeds = new Map([[x, numbers('x', [1, 1, T, D])]]);
  const own = new Rotary({ context: 64, width: D, interleaved: true }).at(ids);
  expect([...reading(rotate(x, own), feeds).data]).toEqual([...reading(rotate(x, rotary.at(ids), { interleaved: true }), feeds).data]);
  expect([...reading(rotate(x, own), feeds).data]).not.toEqual([...reading(rotate(x, rotary.at(ids)), feeds).data]);
});

test('what cannot be is refused', () => {
  expect(() => ntkBase(10000, 2, 5)).toThrow(/ntkBase: an even number of rotated dimensions, at least 4; got 5/);
  expect(() => ntkBase(10000, 2, 2)).toThrow(/at least 4; got 2/);
  expect(() => ntkBase(0, 2, 4)).toThrow(/a base above 0/);
  expect(() => ntkBase(10000, 0, 4)).toThrow(/a factor above 0; got 0/);
  expect(() => rotaryFrequencies(5, 10000)).toThrow(/an even number of rotated dimensions; got 5/);
  expect(() => rotaryFrequencies(4, 0)).toThrow(/a base above 0; got 0/);
  expect(() => rotaryFrequencies(4, 10000, { kind: 'linear', factor: 0 })).toThrow(/a scaling factor above 0; got 0/);
  expect(() => rotary.at(input('ids', [1, 65], 'int32'))).toThrow(
    /positions: at most 64 tokens, the context the model was made for; got 65/,
  );
  expect(() => rotary.at(ids, input('p', [2], 'int32'))).toThrow(
    /\[1\] for the first token's position or \[1,5\] for every token's; got \[2\]/,
  );
  expect(() => rotary.at(ids, input('p', [1]))).toThrow(/float32/);
  expect(() => rotate(input('x', [1, 1, T, 6]), rotary.at(ids))).toThrow(/rotate: heads of at least 8 numbers/);
});

test('dynamic NTK scaling leaves the frequencies of texts up to the context as they are', () => {
  const [width, context, base] = [8, 32, 10000];
  // Its definition, for a text of so many tokens: base · (factor · length / context − (factor − 1))^(R / (R − 2)).
  const grown = (length: number, factor: number): number =>
    base * ((factor * Math.max(length, context)) / context - (factor - 1)) ** (width / (width - 2));
  const scaled = (factor: number) => rotaryFrequencies(width, base, { kind: 'dynamic', factor }).radians;
  for (const factor of [1, 2, 7.5]) {
    for (const length of [1, 31, 32]) expect(scaled(factor)).toEqual(rotaryFrequencies(width, grown(length, factor)).radians);
    expect(scaled(factor)).not.toEqual(rotaryFrequencies(width, grown(33, factor)).radians);
  }
});
