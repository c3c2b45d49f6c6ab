import { afterAll, describe, expect, test } from 'vitest';
import { DecoderBlock, EncoderBlock, TransformerDecoder, TransformerEncoder } from '#dist/models/index.js';
import { xavierUniform } from '#dist/nn/index.js';
import { input, type Tensor } from '#dist/ops/index.js';
import { Rotary } from '#dist/position/index.js';
import { compile, sitesOf } from '#dist/runtime/index.js';
import { givenValues } from '../../attention/prove.js';
import { numbersOf } from '../../grad/programs.js';
import { numbers } from '../../nn/arrays.js';

const made: { dispose(): Promise<void> }[] = [];
afterAll(() => Promise.all(made.map((m) => m.dispose())));
const sizes = { width: 8, heads: 2, layers: 2 };
const [x, y] = [input('x', [2, 5, 8]), input('y', [2, 4, 8])];

describe('sites', () => {
  const attention = ['query', 'key', 'value', 'scores', 'pattern', 'mixed', 'output'];
  const mlp = ['pre', 'post', 'output'].map((r) => `mlp.${r}`);

  test.each(['pre', 'post'] as const)('of an encoder and a decoder, norm %s', (norm) => {
    const final = norm === 'pre' ? ['final_norm'] : [];
    const encoded = new TransformerEncoder({ ...sizes, norm }).forward(x);
    const inEncoder = ['residual.pre', ...attention.map((r) => `attention.${r}`), 'residual.mid', ...mlp, 'residual.post'];
    const of = (parts: readonly string[]): string[] => [0, 1].flatMap((i) => parts.map((p) => `blocks.${i}.${p}`));
    expect([...sitesOf([encoded]).keys()].sort()).toEqual(['embed', ...of(inEncoder), ...final].sort());
    const decoded = new TransformerDecoder({ ...sizes, norm }).forward(y, x);
    const both = ['self', 'cross'].flatMap((kind) => attention.map((r) => `${kind}_attention.${r}`));
    const inDecoder = ['residual.pre', ...both, 'residual.mid', 'residual.cross', ...mlp, 'residual.post'];
    const sites = sitesOf([decoded]);
    expect([...sites.keys()].sort()).toEqual(['embed', ...of(inDecoder), ...final].sort());
    expect(sites.get('blocks.1.self_attention.pattern')?.shape).toEqual([2, 2, 4, 4]);
    expect(sites.get('blocks.1.cross_attention.pattern')?.shape).toEqual([2, 2, 4, 5]);
    expect(sites.get('blocks.1.residual.cross')?.shape).toEqual([2, 4, 8]);
  });
});

describe('options', () => {
  test('a final norm stands where norms are before, unless told', () => {
    const has = (norm: 'pre' | 'post', finalNorm?: boolean): boolean =>
      new TransformerEncoder({ ...sizes, norm, finalNorm }).norm !== undefined;
    expect([has('pre'), has('post'), has('pre', false), has('post', true)]).toEqual([true, false, false, true]);
  });

  test('later blocks of a stack are skipped more often', () => {
    const rates = (dropPath?: number) => new TransformerDecoder({ ...sizes, layers: 4, dropPath }).blocks.map((b) => b.options.dropPath);
    expect(rates(0.2)).toEqual([0.05, 0.1, expect.closeTo(0.15), 0.2]);
    expect(rates()).toEqual([0, 0, 0, 0]);
  });

  test('grouped heads, no biases, hidden width: parameters of those shapes and no others', () => {
    const block = new EncoderBlock({ width: 8, heads: 4, kvHeads: 2, hidden: 5, bias: false });
    expect([...block.parameters()].map(([name, p]) => [name, p.shape])).toEqual([
      ['attention.query.weight', [8, 8]],
      ['attention.key.weight', [8, 4]],
      ['attention.value.weight', [8, 4]],
      ['attention.output.weight', [8, 8]],
      ['norm1.weight', [8]],
      ['mlp.up.weight', [8, 5]],
      ['mlp.down.weight', [5, 8]],
      ['norm2.weight', [8]],
    ]);
  });

  test('linear layers start as told, by Glorot and Bengio’s rule unless told otherwise', () => {
    const [plain, told, ones] = [undefined, xavierUniform(), (values: Float32Array) => values.fill(1)].map(
      (initializer) => new DecoderBlock({ width: 8, heads: 2, initializer }),
    ) as [DecoderBlock, DecoderBlock, DecoderBlock];
    for (const [name, p] of plain.parameters()) expect(p.value.data).toEqual(told.parameters().get(name)?.value.data);
    for (const [name, p] of ones.parameters()) {
      if (p.shape.length === 2) expect(new Set(p.value.data as Float32Array), name).toEqual(new Set([1]));
    }
  });

  test('a rotation turns self-attention', () => {
    const block = new EncoderBlock({ width: 8, heads: 2 });
    const rotation = new Rotary({ context: 5, width: 4 }).at(input('ids', [2, 5], 'int32'));
    const of = (t: Tensor): string => sitesOf([t]).get('attention.query')?.node.inputs[0]?.node.op.name ?? '';
    expect([of(block.forward(x)), of(block.forward(x, { rotation }))]).toEqual(['transpose', 'concat']);
  });

  test('dropout and stochastic depth act in training only', async () => {
    const quiet = new DecoderBlock({ width: 8, heads: 2 });
    const noisy = {
      dropout: new DecoderBlock({ width: 8, heads: 2, dropout: 0.5 }),
      dropPath: new DecoderBlock({ width: 8, heads: 2, dropPath: 0.5 }),
    };
    const data = [2, 5, 8].reduceRight<unknown>((inner, n) => new Array(n).fill(inner), 0.5) as number[][][];
    data[1]?.[2]?.fill(2);
    const results = async (block: DecoderBlock, training: boolean): Promise<number[]> => {
      const f = compile((a: Tensor) => block.forward(a, a.mul(0.5)), training ? { training: { seed: 3 } } : {});
      made.push(f);
      return Array.from((await f(data)).data, Number);
    };
    const plain = await results(quiet, false);
    expect(await results(quiet, true)).toEqual(plain);
    for (const block of Object.values(noisy)) {
      expect(await results(block, false)).toEqual(plain);
      expect(await results(block, true)).not.toEqual(plain);
    }
  });
});

test('keys and values that cross-attention made before stand for the memory', () => {
  const decoder = givenValues(new TransformerDecoder({ ...sizes, kvHeads: 1 }));
  const whole = decoder.forward(y, x);
  const sites = sitesOf([whole]);
  const site = (layer: number, role: string): Tensor => sites.get(`blocks.${layer}.cross_attention.${role}`) as Tensor;
  const made = [0, 1].map((i) => ({ keys: site(i, 'key'), values: site(i, 'value') }));
  const real = input('real', [2, 5], 'bool');
  const feeds = new Map([
    [x, numbers('x', [2, 5, 8])],
    [y, numbers('y', [2, 4, 8])],
    [real, { shape: [2, 5], data: Float64Array.of(1, 1, 1, 0, 1, 1, 0, 1, 1, 0) }],
  ] as const);
  expect([...numbersOf(decoder.forward(y, made), feeds)]).toEqual([...numbersOf(whole, feeds)]);
  const masked = [x, made].map((memory) => numbersOf(decoder.forward(y, memory, { memoryPadding: real }), feeds));
  expect([...(masked[1] as Float64Array)]).toEqual([...(masked[0] as Float64Array)]);
  const { cross_attention: cross } = decoder.blocks[0] as DecoderBlock;
  expect(() => cross.forward(y, { context: x, projected: made[0] })).toThrow(
    'multi-head attention: a context, or its keys and values; got both. Leave one out.',
  );
});

describe('what cannot be is refused, with the module path', () => {
  const decoder = new TransformerDecoder(sizes);
  const encoder = new TransformerEncoder(sizes);

  test('sizes', () => {
    expect(() => new TransformerEncoder({ ...sizes, layers: 0 })).toThrow('TransformerEncoder: layers is a whole number from 1; got 0.');
    expect(() => new EncoderBlock({ width: 8, heads: 3 })).toThrow(/a number of heads that divides the width/);
    expect(() => new DecoderBlock({ width: 8, heads: 4, kvHeads: 3 })).toThrow(/divides the query heads; got 3 for 4/);
  });

  test('masks of the wrong dtype, rank or size', () => {
    const float = input('m', [5, 5]);
    expect(() => encoder.forward(x, { mask: float })).toThrow(
      'attention at blocks.0: a boolean mask, true = attend; got [5,5] float32. Pass what is added to scores as bias.',
    );
    expect(() => decoder.forward(y, x, { memoryMask: input('m', [4, 5]) })).toThrow(/at blocks\.0: a boolean mask/);
    expect(() => encoder.forward(x, { padding: input('p', [2, 5]) })).toThrow(
      'padding at blocks.0: which tokens are real, [2,5] bool, true = a token; got [2,5] float32.',
    );
    expect(() => encoder.forward(x, { padding: input('p', [5], 'bool') })).toThrow(/padding at blocks\.0: .*got \[5\] bool/);
    expect(() => decoder.forward(y, x, { memoryPadding: input('p', [2, 4], 'bool') })).toThrow(/memoryPadding at blocks\.0: .*\[2,5\]/);
    expect(() => encoder.forward(x, { mask: input('m', [3, 5], 'bool') })).toThrow(/at blocks\.0\.attention/);
    expect(() => encoder.forward(x, { bias: input('m', [5, 5], 'bool') })).toThrow(/at blocks\.0\.attention: a float bias/);
  });

  test('a memory of another width', () => {
    expect(() => decoder.forward(y, input('memory', [2, 5, 6]))).toThrow(/at blocks\.0\.cross_attention\.key/);
  });
});
