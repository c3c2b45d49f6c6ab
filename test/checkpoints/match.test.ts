import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  checkReport,
  encodeSafetensors,
  loadAssigned,
  type MatchOptions,
  matchCheckpoint,
  type NameMap,
  parseSafetensors,
  toHf,
  toHfTensors,
  toOurs,
  transposed,
} from '#dist/checkpoints/index.js';
import { type HostArray, host } from '#dist/core/index.js';
import { joined } from './files.js';

const map: NameMap = [
  { hf: 'transformer.wte.weight', ours: 'embedding.weight' },
  { hf: 'lm_head.weight', ours: 'head.weight' },
  { hf: 'transformer.h.{i}.attn.c_attn.weight', ours: 'blocks.{i}.attention.qkv.weight', transpose: true },
  { hf: 'transformer.h.{i}.x.{j}.b', ours: 'blocks.{i}.experts.{j}.bias' },
];

describe('a name map', () => {
  it('goes both ways, for every number', () => {
    fc.assert(
      fc.property(fc.nat(), fc.nat(), (i, j) => {
        const hf = `transformer.h.${i}.x.${j}.b`;
        const ours = `blocks.${i}.experts.${j}.bias`;
        expect(toOurs(hf, map)).toEqual({ name: ours, transpose: false });
        expect(toHf(ours, map)).toEqual({ name: hf, transpose: false });
      }),
    );
    expect(toOurs('transformer.h.11.attn.c_attn.weight', map)).toEqual({ name: 'blocks.11.attention.qkv.weight', transpose: true });
  });

  it('knows only whole names, dots as dots, numbers in their one spelling', () => {
    for (const name of [
      'transformer.wte.weights',
      'xtransformer.wte.weight',
      'transformerxwte.weight',
      'transformer.h.01.attn.c_attn.weight',
      'transformer.h.{i}.attn.c_attn.weight',
    ]) {
      expect(toOurs(name, map)).toBeUndefined();
    }
  });

  it('takes names with and without the optional prefix, whichever way it is written', () => {
    expect(toOurs('wte.weight', map)).toBeUndefined();
    expect(toOurs('wte.weight', map, 'transformer.')?.name).toBe('embedding.weight');
    expect(toOurs('bert.a', [{ hf: 'a', ours: 'b' }], 'bert.')?.name).toBe('b');
  });
});

describe('transposed', () => {
  it('exchanges rows and columns, and is its own inverse', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 70 }), fc.integer({ min: 1, max: 70 }), (n, m) => {
        const a = host(
          Float32Array.from({ length: n * m }, (_, k) => k),
          { shape: [n, m] },
        );
        const t = transposed(a);
        expect(t.shape).toEqual([m, n]);
        for (let k = 0; k < n * m; k++) if (t.data[(k % m) * n + Math.floor(k / m)] !== k) expect.fail(`element ${k}`);
        expect(transposed(t).data).toEqual(a.data);
      }),
    );
    expect(() => transposed(host([1]))).toThrow(/a matrix; got shape \[1\]/);
  });
});

const qkv = host([
  [1, 2, 3],
  [4, 5, 6],
]);
const embedding = host([
  [1, 2],
  [3, 4],
  [5, 6],
]);
const expected = new Map([
  ['embedding.weight', [3, 2]],
  ['blocks.0.attention.qkv.weight', [3, 2]],
]);

function report(tensors: Record<string, HostArray>, options: Partial<MatchOptions> = {}) {
  const file = parseSafetensors(joined(encodeSafetensors(tensors)));
  return { file, ...matchCheckpoint({ expected, file, map, optionalPrefix: 'transformer.', ...options }) };
}

describe('matchCheckpoint', () => {
  const whole = { 'transformer.wte.weight': embedding, 'h.0.attn.c_attn.weight': qkv };

  it('finds every tensor, and loads it in our layout', async () => {
    const found = report(whole);
    checkReport(found, 'here');
    const assignment = found.assign.get('blocks.0.attention.qkv.weight');
    expect(assignment).toEqual({ hfName: 'h.0.attn.c_attn.weight', transpose: true });
    if (assignment !== undefined)
      expect((await loadAssigned(found.file, assignment)).toArray()).toEqual([
        [1, 4],
        [2, 5],
        [3, 6],
      ]);
  });

  it('saves and loads to the same arrays', async () => {
    const ours = new Map([
      ['embedding.weight', embedding],
      ['blocks.0.attention.qkv.weight', transposed(qkv)],
    ]);
    const found = report(Object.fromEntries(toHfTensors(ours, map)));
    checkReport(found, 'here');
    for (const [name, array] of ours) {
      const assignment = found.assign.get(name);
      expect(assignment && (await loadAssigned(found.file, assignment)).toArray()).toEqual(array.toArray());
    }
    expect(() => toHfTensors([['blocks.0.nothing', qkv]], map)).toThrow(/"blocks\.0\.nothing"/);
  });

  it('says what is missing, left over, of another shape', () => {
    const found = report({ 'transformer.wte.weight': qkv, strange: qkv, 'h.1.attn.c_attn.weight': qkv });
    expect(found.missing).toEqual(['blocks.0.attention.qkv.weight']);
    expect(new Set(found.extra)).toEqual(new Set(['strange', 'h.1.attn.c_attn.weight']));
    expect(found.wrongShape).toEqual([{ name: 'embedding.weight', expected: [3, 2], got: [2, 3] }]);
    expect(found.assign.size).toBe(0);
    expect(() => checkReport(found, 'm.safetensors')).toThrow(
      /^m\.safetensors: .*1 missing \("blocks\.0\.attention\.qkv\.weight"\); 2 unknown \(.*1 of another shape \("embedding\.weight" \[2,3\] instead of \[3,2\]\)\. Check/,
    );
  });

  it('names only the first of many, on one line', () => {
    const many = new Map(Array.from({ length: 50 }, (_, i) => [`blocks.${i}.attention.qkv.weight`, [3, 2]]));
    expect(() => checkReport(report({}, { expected: many }), 'x')).toThrow(/50 missing \("blocks\.0\.[^\n]*"blocks\.2\.[^"\n]*", …\)/);
  });

  it('takes a tensor under two names once', () => {
    const found = report({ ...whole, 'wte.weight': embedding });
    expect(found.extra.length).toBe(1);
  });

  it('passes over buffers that the model names', () => {
    const buffers = { ...whole, 'h.0.attn.bias': qkv, 'h.0.attn.masked_bias': qkv };
    expect(report(buffers).extra.length).toBe(2);
    expect(report(buffers, { ignore: ['*.attn.bias', '*.attn.masked_bias'] }).extra).toEqual([]);
  });

  it('lets tied parameters stand for each other', () => {
    const tied = { 'head.weight': 'embedding.weight' };
    const both = new Map([...expected, ['head.weight', [3, 2]]]);
    expect(report(whole, { expected: both }).missing).toEqual(['head.weight']);
    expect(report(whole, { expected: both, tied }).assign.get('head.weight')?.hfName).toBe('transformer.wte.weight');
    // A copy of the tied array in the file is not left over; and it will do alone.
    expect(report({ ...whole, 'lm_head.weight': embedding }, { tied }).extra).toEqual([]);
    const onlyHead = report({ 'h.0.attn.c_attn.weight': qkv, 'lm_head.weight': embedding }, { tied });
    expect(onlyHead.assign.get('embedding.weight')?.hfName).toBe('lm_head.weight');
    expect(onlyHead.missing).toEqual([]);
  });
});
