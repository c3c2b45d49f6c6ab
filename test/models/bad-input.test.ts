import { describe, expect, test } from 'vitest';
import {
  GroupedQueryAttention,
  LocalAttention,
  MultiHeadAttention,
  SelfAttention,
  slidingWindow,
  TriangleAttention,
} from '#dist/attention/index.js';
import { host } from '#dist/core/index.js';
import { imageLens, lens } from '#dist/lens/index.js';
import {
  AttentionOnly,
  Bert,
  ConvolutionalLanguageModel,
  EncoderRows,
  Gemma,
  GPT2,
  Llama,
  Transformer,
  TransformerDecoder,
  TransformerEncoder,
  ViT,
} from '#dist/models/index.js';
import { child, Inception, type Linear, Module } from '#dist/nn/index.js';
import { input, type Tensor } from '#dist/ops/index.js';

const sizes = { vocabulary: 7, context: 6, layers: 2, heads: 4, width: 16 };
const gemma = { ...sizes, hidden: 12 };
const image = { image: 8, patch: 4, layers: 2, heads: 4, width: 16 };
const translated = { sourceVocabulary: 7, targetVocabulary: 7, layers: 2, heads: 4, width: 16 };
const stack = { layers: 2, heads: 4, width: 16 };

/** A model around another, as a user writes one. */
class Around extends Module {
  readonly decoder: Llama;
  constructor(options: Partial<ConstructorParameters<typeof Llama>[0]>) {
    super();
    this.decoder = child('decoder', () => new Llama({ ...sizes, ...options }));
  }
}

type Refused = readonly [what: string, act: () => unknown, path: string, rule: RegExp];
const attention = 'blocks.0.attention';

const whenBuilt: readonly Refused[] = [
  ['GPT-2, heads', () => new GPT2({ ...sizes, heads: 3 }), attention, /heads that divides the width; got width 16, heads 3/],
  ['attention-only, heads', () => new AttentionOnly({ ...sizes, heads: 3 }), attention, /heads that divides the width/],
  [
    'Llama, heads',
    () => new Llama({ ...sizes, heads: 3 }),
    attention,
    /heads that divides the width, or a headWidth; got width 16, heads 3/,
  ],
  ['Gemma, heads', () => new Gemma({ ...gemma, heads: 3 }), attention, /heads that divides the width, or a headWidth/],
  ['BERT, heads', () => new Bert({ ...sizes, heads: 3 }), attention, /heads that divides the width/],
  ['ViT, heads', () => new ViT({ ...image, heads: 3 }), attention, /heads that divides the width/],
  ['Transformer, heads', () => new Transformer({ ...translated, heads: 3 }), `encoder.${attention}`, /heads that divides the width/],
  ['a decoder, heads', () => new TransformerDecoder({ ...stack, heads: 3 }), 'blocks.0.self_attention', /heads that divides the width/],
  [
    'triangles, heads',
    () => new TriangleAttention({ pairWidth: 4, heads: 1.5, headWidth: 2, node: 'starting' }),
    'lines.attention',
    /a whole number of heads/,
  ],
  ['Llama, grouped heads', () => new Llama({ ...sizes, kvHeads: 3 }), attention, /divides the query heads; got 3 for 4/],
  ['Gemma, grouped heads', () => new Gemma({ ...gemma, kvHeads: 3 }), attention, /divides the query heads; got 3 for 4/],
  ['Transformer, grouped heads', () => new Transformer({ ...translated, kvHeads: 3 }), `encoder.${attention}`, /divides the query heads/],
  ['a model around a Llama', () => new Around({ kvHeads: 3 }), `decoder.${attention}`, /divides the query heads/],
  ['Llama, odd rotary width', () => new Llama({ ...sizes, headWidth: 5 }), 'rotary', /an even number of rotated dimensions; got 5/],
  ['Llama, odd rotary width by heads', () => new Llama({ ...sizes, width: 12 }), 'rotary', /an even number of rotated dimensions; got 3/],
  ['Gemma, odd rotary width', () => new Gemma({ ...gemma, headWidth: 5 }), 'rotary', /an even number of rotated dimensions; got 5/],
  ['and in a model around it', () => new Around({ headWidth: 5 }), 'decoder.rotary', /an even number of rotated dimensions/],
  [
    'Transformer, odd width of sinusoids',
    () => new Transformer({ ...translated, heads: 3, width: 9 }),
    'source.positions',
    /an even width/,
  ],
  ['Llama, window 0', () => new Llama({ ...sizes, window: 0 }), attention, /window is a whole number from 1; got 0/],
  ['Llama, window 0, in no layer', () => new Llama({ ...sizes, window: 0, windowed: [false, false] }), attention, /window is .*got 0/],
  ['Llama, window 0, blockwise', () => new Llama({ ...sizes, window: 0, attention: 'blockwise' }), attention, /window is .*got 0/],
  ['Gemma, window 0', () => new Gemma({ ...gemma, window: 0 }), attention, /window is a whole number from 1; got 0/],
  ['Gemma, half a window', () => new Gemma({ ...gemma, window: 2.5 }), attention, /window is a whole number from 1; got 2\.5/],
  ['GPT-2, dropout of patterns not formed', () => new GPT2({ ...sizes, attention: 'blockwise', dropout: 0.1 }), attention, /no dropout/],
  [
    'a form of window 0, by layer',
    () => new TransformerEncoder({ ...stack, attention: (i) => new LocalAttention({ window: 1 - i }) }),
    'blocks.1',
    /window .*got 0/,
  ],
  [
    'projections of too high a rank',
    () => child('mix', () => new MultiHeadAttention({ width: 8, heads: 2, rank: 9 })),
    'mix.query',
    /a rank between 1 and 8/,
  ],
  [
    'a temporal kernel of 1',
    () => new ConvolutionalLanguageModel({ ...sizes, kernel: 1 }),
    'encoder.blocks.0',
    /kernel is a whole number from 2/,
  ],
  [
    'a branch without channels',
    () => new Inception({ from: 3, one: 2, three: [2, 0], five: [2, 2], pool: 2 }),
    'three.1.conv',
    /channels.*got 0/,
  ],
];

const ids = (length: number): Tensor => input('ids', [2, length], 'int32');
const x = input('x', [2, 3, 8]);
const floats = (...shape: number[]): Tensor => input('floats', shape);
const bits = (...shape: number[]): Tensor => input('bits', shape, 'bool');

/** Masks given to a layer inside a model. */
class Masked extends Module {
  readonly blocks: readonly { readonly attention: SelfAttention | GroupedQueryAttention }[];
  constructor(layer: SelfAttention | GroupedQueryAttention) {
    super();
    this.blocks = [{ attention: layer }];
  }
  forward(mask: Tensor): Tensor {
    return (this.blocks[0] as { attention: SelfAttention }).attention.forward(x, { mask });
  }
}

const self = new Masked(new SelfAttention({ width: 8, heads: 2 }));
const grouped = new Masked(new GroupedQueryAttention({ width: 8, heads: 2, kvHeads: 1 }));
const transformer = new Transformer(translated);
const rows = new EncoderRows(new Bert({ ...sizes, head: { kind: 'maskedLanguage', tied: true } }));

const whenTraced: readonly Refused[] = [
  ['GPT-2 beyond its table', () => new GPT2(sizes).forward(ids(7)), 'positions', /at most 6 tokens.*got 7/],
  ['attention-only beyond its table', () => new AttentionOnly(sizes).forward(ids(7)), 'positions', /at most 6 tokens/],
  ['BERT beyond its table', () => new Bert(sizes).forward(ids(7)), 'positions', /at most 6 tokens.*got 7/],
  ['RoBERTa beyond its table', () => new Bert({ ...sizes, family: 'roberta' }).forward(ids(7)), 'positions', /at most 6 tokens.*got 7/],
  ['and in rows of it', () => rows.forward(ids(7)), 'encoder.positions', /at most 6 tokens/],
  ['a float mask', () => self.forward(floats(3, 3)), attention, /a boolean mask, true = attend; got \[3,3\] float32/],
  ['a float mask of grouped heads', () => grouped.forward(floats(3, 3)), attention, /a boolean mask/],
  ['a mask of rank 3', () => self.forward(bits(2, 3, 3)), attention, /a mask of two axes, \[T,S\], or of four/],
  ['a mask of rank 1', () => grouped.forward(bits(3)), attention, /a mask of two axes/],
  [
    'a float mask of sources',
    () => transformer.forward(ids(3), ids(4), { sourceMask: floats(3, 3) }),
    'encoder.blocks.0',
    /a boolean mask/,
  ],
  [
    'a float mask of targets',
    () => transformer.forward(ids(3), ids(4), { targetMask: floats(4, 4) }),
    'decoder.blocks.0',
    /a boolean mask/,
  ],
  [
    'a mask of memory, rank 3',
    () => transformer.forward(ids(3), ids(4), { memoryMask: bits(3, 4, 3) }),
    'decoder.blocks.0.cross_attention',
    /a mask that broadcasts to \[B,H,T,S\]/,
  ],
  [
    'padding that is a float',
    () => transformer.forward(ids(3), ids(4), { sourcePadding: floats(2, 3) }),
    'encoder.blocks.0',
    /\[2,3\] bool, true = a token/,
  ],
];

describe.each([
  ['while it is built', whenBuilt],
  ['while it is traced', whenTraced],
])('bad input names the module %s', (_, cases) => {
  test.each(cases.map(([what, act, path, rule]) => ({ what, act, path, rule })))('$what: $path', ({ act, path, rule }) => {
    expect(act).toThrow(expect.objectContaining({ name: 'HeadlightError', path, message: expect.stringMatching(rule) }));
    expect(act).toThrow(` at ${path}: `);
  });
});

test.each(['query', 'value'] as const)('NaN that comes into the %s, under check, names its site', async (role) => {
  const model = new Llama(sizes);
  const { weight } = (model.blocks[1] as Llama['blocks'][number]).attention[role] as Linear;
  weight.value = host(new Float32Array(weight.value.data.length).fill(Number.NaN), { shape: weight.shape });
  await expect(lens(model, { check: true }).capture([[1, 2]], 'logits')).rejects.toThrow(
    expect.objectContaining({ code: 'numeric', path: `blocks.1.attention.${role}`, got: 'NaN at [0,0,0,0] of [1,4,2,4]' }),
  );
});

test('pixels that are NaN, under check, are named where they come in', async () => {
  const pixels = host(new Float32Array(3 * 8 * 8).fill(Number.NaN), { shape: [1, 3, 8, 8] });
  await expect(imageLens(new ViT(image), { check: true }).capture(pixels, '*.pattern')).rejects.toThrow(
    expect.objectContaining({ code: 'numeric', path: 'embed' }),
  );
});

test('a mask made outside of any module names the function', () => {
  expect(() => slidingWindow(0)).toThrow(/^slidingWindow: a window that is a whole number, 1 or more; got 0\.$/);
});
