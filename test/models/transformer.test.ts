import { describe, expect, test } from 'vitest';
import { HostArray } from '#dist/core/index.js';
import { gradients } from '#dist/grad/index.js';
import { Transformer, type TransformerConfig } from '#dist/models/index.js';
import { crossEntropy, input, parameterTensor, type Tensor } from '#dist/ops/index.js';
import { compile, sitesOf } from '#dist/runtime/index.js';
import { givenValues } from '../attention/prove.js';
import { centralDifferences, type Feeds, numbersOf } from '../grad/programs.js';
import { largestDifference, relativeDifference } from '../support/arrays.js';

const config: TransformerConfig = { sourceVocabulary: 7, targetVocabulary: 9, layers: 2, decoderLayers: 1, width: 8, heads: 2, hidden: 6 };
const [B, S, T] = [2, 5, 4];
const [source, target] = [input('source', [B, S], 'int32'), input('target', [B, T], 'int32')];
const ids = (shape: readonly number[], values: readonly number[]) => ({ shape, data: Float64Array.from(values) });
const [s, t] = [ids([B, S], [1, 2, 3, 4, 5, 6, 0, 2, 2, 1]), ids([B, T], [8, 1, 2, 3, 0, 7, 5, 5])];
const feeds: Feeds = new Map([
  [source, s],
  [target, t],
]);
const changed = (array: typeof s, at: number, to: number) => ids(array.shape, array.data.with(at, to) as unknown as number[]);

describe('parameters', () => {
  const names = (extra: Partial<TransformerConfig>): string[] => [...new Transformer({ ...config, ...extra }).parameters().keys()];

  test('are named as their sites are', () => {
    const all = names({});
    expect(all.slice(0, 3)).toEqual(['source.tokens.weight', 'target.tokens.weight', 'encoder.blocks.0.attention.query.weight']);
    expect(all).toContain('decoder.blocks.0.cross_attention.output.bias');
    expect(all.filter((n) => /^(encoder|decoder)\.norm|head/.test(n))).toEqual([]);
  });

  test('a head of its own, one embedding, final norms', () => {
    expect(names({ tied: false })).toContain('head.weight');
    expect(names({ targetVocabulary: 7, shared: true }).filter((n) => n.includes('tokens'))).toEqual(['source.tokens.weight']);
    expect(names({ norm: 'pre' }).filter((n) => /^(encoder|decoder)\.norm/.test(n))).toHaveLength(4);
    expect(names({ finalNorm: true }).filter((n) => /^(encoder|decoder)\.norm/.test(n))).toHaveLength(4);
  });

  test('first values depend on seed and path', () => {
    const of = (seed: number, layers: number): number[] =>
      [...(new Transformer({ ...config, layers, seed }).parameters().get('encoder.blocks.0.mlp.up.weight')?.value.data ?? [])].map(Number);
    expect(of(1, 1)).toEqual(of(1, 3));
    expect(of(1, 1)).not.toEqual(of(2, 1));
  });
});

describe('what it computes', () => {
  const model = givenValues(new Transformer({ ...config, norm: 'pre' }));
  const logits = model.forward(source, target);
  const plain = numbersOf(logits, feeds);
  const V = config.targetVocabulary;
  const row = (data: Float64Array, b: number, i: number): number[] => [...data.slice((b * T + i) * V, (b * T + i + 1) * V)];

  test('enters by embeddings times √C, plus sinusoidal positions', () => {
    const entered = numbersOf(sitesOf([logits]).get('encoder.embed') as Tensor, feeds);
    const table = model.parameters().get('source.tokens.weight')?.value.data as Float32Array;
    const want = [...s.data].flatMap((id, at) =>
      Array.from({ length: 8 }, (_, c) => {
        const angle = (at % S) / 10000 ** ((c - (c % 2)) / 8);
        return (table[id * 8 + c] as number) * Math.sqrt(8) + (c % 2 === 0 ? Math.sin(angle) : Math.cos(angle));
      }),
    );
    expect(relativeDifference(entered, want)).toBeLessThan(1e-6);
  });

  test('has the sites of an encoder–decoder', () => {
    const sites = [...sitesOf([logits]).keys()];
    for (const site of [
      'encoder.embed',
      'encoder.blocks.1.attention.pattern',
      'encoder.blocks.1.residual.mid',
      'encoder.final_norm',
      'decoder.embed',
      'decoder.blocks.0.self_attention.key',
      'decoder.blocks.0.cross_attention.scores',
      'decoder.blocks.0.residual.cross',
      'decoder.blocks.0.mlp.post',
      'decoder.final_norm',
      'logits',
    ])
      expect(sites).toContain(site);
    expect(sites).toHaveLength(2 * (1 + 1) + 1 + 2 * 13 + 21);
  });

  test('is causal in the target, and sees all of the source', () => {
    for (let at = 0; at < T; at++) {
      const after = numbersOf(logits, new Map(feeds).set(target, changed(t, at, 4)));
      for (let i = 0; i < T; i++) {
        if (i < at) expect(row(after, 0, i)).toEqual(row(plain, 0, i));
        else if (i === at) expect(row(after, 0, i)).not.toEqual(row(plain, 0, i));
        expect(row(after, 1, i)).toEqual(row(plain, 1, i));
      }
    }
    const after = numbersOf(logits, new Map(feeds).set(source, changed(s, S - 1, 0)));
    for (let i = 0; i < T; i++) expect(row(after, 0, i)).not.toEqual(row(plain, 0, i));
  });

  test('padding changes nothing, and is as if absent', () => {
    const real = input('real', [B, S], 'bool');
    const padded = model.forward(source, target, { sourcePadding: real });
    const with4 = new Map(feeds).set(real, ids([B, S], [1, 1, 1, 1, 0, 1, 1, 1, 1, 0]));
    const want = numbersOf(padded, with4);
    expect([...numbersOf(padded, new Map(with4).set(source, changed(changed(s, 4, 0), 9, 6)))]).toEqual([...want]);
    const short = input('short', [B, 4], 'int32');
    const cut = model.forward(short, target);
    const got = numbersOf(cut, new Map(feeds).set(short, ids([B, 4], [1, 2, 3, 4, 6, 0, 2, 2])));
    expect(relativeDifference(got, want)).toBeLessThan(1e-12);
  });

  test('masks: of the source, the target, the memory', () => {
    const nearby = input('nearby', [S, S], 'bool');
    const band = Float64Array.from({ length: S * S }, (_, i) => (Math.abs(Math.floor(i / S) - (i % S)) <= 1 ? 1 : 0));
    const masked = model.forward(source, target, { sourceMask: nearby });
    expect(largestDifference(numbersOf(masked, new Map(feeds).set(nearby, ids([S, S], [...band]))), plain)).toBeGreaterThan(1e-3);

    // A target that may look at itself alone knows nothing of the one before.
    const itself = input('itself', [T, T], 'bool');
    const alone = model.forward(source, target, { targetMask: itself });
    const eye = Float64Array.from({ length: T * T }, (_, i) => (Math.floor(i / T) === i % T ? 1 : 0));
    const all = new Map(feeds).set(itself, ids([T, T], [...eye]));
    expect(row(numbersOf(alone, new Map(all).set(target, changed(t, 0, 4))), 0, 1)).toEqual(row(numbersOf(alone, all), 0, 1));

    // Without its last token in sight, decoding depends on it through the encoder only: cut that too, and nothing is left.
    const seen = input('seen', [T, S], 'bool');
    const blind = model.forward(source, target, { memoryMask: seen, sourceMask: nearby });
    const open = Float64Array.from({ length: T * S }, (_, i) => (i % S < 2 ? 1 : 0));
    const eyes = new Map(feeds).set(seen, ids([T, S], [...open])).set(
      nearby,
      ids(
        [S, S],
        Array.from({ length: S * S }, (_, i) => (i % S <= Math.floor(i / S) ? 1 : 0)),
      ),
    );
    const before = numbersOf(blind, eyes);
    expect([...numbersOf(blind, new Map(eyes).set(source, changed(s, 4, 0)))]).toEqual([...before]);
    expect([...numbersOf(blind, new Map(eyes).set(source, changed(s, 1, 0)))]).not.toEqual([...before]);
  });

  test('ONNX Runtime agrees', async () => {
    const run = compile((a: Tensor, b: Tensor) => model.forward(a, b));
    const hostOf = ({ shape, data }: typeof s): HostArray => new HostArray(Int32Array.from(data), shape, 'int32');
    const y = await run(hostOf(s), hostOf(t));
    await run.dispose();
    expect(y.shape).toEqual([B, T, V]);
    expect(relativeDifference(y.data, plain)).toBeLessThan(1e-5);
  });

  test('gradients of the loss are what central differences give', () => {
    const small = givenValues(
      new Transformer({ ...config, layers: 1, sourceVocabulary: 3, targetVocabulary: 4, width: 4, hidden: 3, activation: 'gelu' }),
    );
    const [a, b, next] = [input('a', [1, 3], 'int32'), input('b', [1, 2], 'int32'), input('next', [2], 'int32')];
    const loss = crossEntropy(small.forward(a, b).reshape([2, 4]), next);
    const parameters = [...small.parameters()];
    const by = parameters.map(([, p]) => parameterTensor(p));
    const all: Feeds = new Map([
      [a, ids([1, 3], [2, 0, 1])],
      [b, ids([1, 2], [3, 1])],
      [next, ids([2], [1, 2])],
      ...by.map(
        (tensor, i) =>
          [tensor, { shape: tensor.shape as number[], data: Float64Array.from(parameters[i]?.[1].value.data as Float32Array) }] as const,
      ),
    ]);
    const found = gradients(loss, by).map((g) => numbersOf(g, all));
    const largest = Math.max(...found.flatMap((g) => [...g].map(Math.abs)));
    found.forEach((g, i) => {
      const want = centralDifferences(loss, by[i] as Tensor, all);
      expect(largestDifference(g, want) / largest, parameters[i]?.[0] ?? '').toBeLessThan(1e-6);
    });
  });
});

test('what cannot be is refused, with the module path', () => {
  expect(() => new Transformer({ ...config, heads: 3 })).toThrow(/a number of heads that divides the width/);
  expect(() => new Transformer({ ...config, layers: 0 })).toThrow('Transformer: layers is a whole number from 1; got 0.');
  expect(() => new Transformer({ ...config, width: 7, heads: 7 })).toThrow(/an even width: sines and cosines come in pairs; got 7/);
  expect(() => new Transformer({ ...config, shared: true })).toThrow(
    'Transformer: one vocabulary, where sources and targets share an embedding; got 7 and 9 tokens. Give both the same vocabulary, or leave `shared` out.',
  );
  const model = new Transformer(config);
  expect(() => model.forward(source, target, { sourceMask: input('m', [S, S]) })).toThrow(
    /attention at encoder\.blocks\.0: a boolean mask/,
  );
  expect(() => model.forward(source, target, { sourcePadding: input('m', [B, T], 'bool') })).toThrow(
    /padding at encoder\.blocks\.0: .*\[2,5\] bool/,
  );
  expect(() => model.forward(source, target, { targetPadding: input('m', [B, S], 'bool') })).toThrow(/padding at decoder\.blocks\.0/);
  expect(() => model.forward(input('f', [B, S]), target)).toThrow(/at source\.tokens: int32 indices/);
});
