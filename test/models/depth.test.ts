import { describe, expect, test } from 'vitest';
import { GPT2, layerCount, layerOf } from '#dist/models/index.js';
import { Module } from '#dist/nn/index.js';
import { sizes, smallModels, statefulModels } from './small.js';

describe.each([
  ...Object.entries({ ...smallModels, ...statefulModels }),
  ['gpt2, untied', () => new GPT2({ ...sizes, tied: false })] as const,
])('%s', (_, make) => {
  const model = make();
  const names = [...model.parameters().keys()];

  test('has as many layers as it was made with', () => expect(layerCount(names)).toBe(sizes.layers));

  test('every parameter has a layer; from the embeddings up they never fall', () => {
    const layers = names.map((name) => layerOf(name, sizes.layers));
    expect(layers).toEqual(layers.toSorted((a, b) => Number(a) - Number(b)));
    expect(new Set(layers)).toEqual(new Set([-1, 0, 1, 2]));
    for (const [i, name] of names.entries()) if (name.startsWith('blocks.')) expect(layers[i], name).toBe(Number(name.split('.')[1]));
  });

  test('also as part of another model', () => {
    class Whole extends Module {
      readonly language = model;
    }
    expect([...new Whole().parameters().keys()].map((name) => layerOf(name, sizes.layers))).toEqual(
      names.map((name) => layerOf(name, sizes.layers)),
    );
  });
});

test.each([
  ['blocks.11.norm1.weight', 11],
  ['blocks.3.head.weight', 3],
  ['decoder.blocks.2.experts.blocks.5.weight', 2],
  ['norm1.weight', undefined],
  ['myblocks.1.weight', undefined],
  ['blocks.01.weight', undefined],
  ['scale', undefined],
  ['norm.bias', 12],
  ['positions.weight', -1],
])('%s is of layer %s of 12', (name, layer) => expect(layerOf(name, 12)).toBe(layer));

test('no blocks, no layers', () => expect(layerCount(['tokens.weight', 'head.weight'])).toBe(0));
