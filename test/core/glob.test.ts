import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { editDistance, globMatcher, nearest } from '#dist/core/index.js';

const sites = ['embed', 'blocks.0.attention.pattern', 'blocks.1.attention.pattern', 'blocks.10.mlp.pre', 'logits'];
const chosen = (globs: string): string[] => sites.filter(globMatcher(globs));

describe('globs', () => {
  test('* stands for any characters, dots too', () => {
    expect(chosen('blocks.*.pattern')).toEqual(['blocks.0.attention.pattern', 'blocks.1.attention.pattern']);
    expect(chosen('*')).toEqual(sites);
    expect(chosen('blocks.1*')).toEqual(['blocks.1.attention.pattern', 'blocks.10.mlp.pre']);
    expect(chosen('*pattern*')).toHaveLength(2);
  });

  test('match the whole name', () => {
    expect(chosen('pattern')).toEqual([]);
    expect(chosen('blocks.1')).toEqual([]);
    expect(chosen('logit')).toEqual([]);
  });

  test('commas separate alternatives; spaces around them do not count; nothing matches nothing', () => {
    expect(chosen('embed, logits')).toEqual(['embed', 'logits']);
    expect(chosen('embed,,')).toEqual(['embed']);
    expect(chosen('')).toEqual([]);
    expect(globMatcher('')('')).toBe(false);
  });

  test('every other character is itself', () => {
    expect(chosen('blocks?0?attention?pattern')).toEqual([]);
    fc.assert(
      fc.property(fc.stringMatching(/^[^*,\s]{1,12}$/), fc.stringMatching(/^[^*,\s]{1,12}$/), (name, other) => {
        expect(globMatcher(name)(name)).toBe(true);
        if (name !== other) expect(globMatcher(name)(other)).toBe(false);
      }),
    );
  });
});

describe('nearest names', () => {
  test('come nearest first, once each', () => {
    expect(nearest('logit', sites)[0]).toBe('logits');
    expect(nearest('blocks.0.atention.patern', sites, 2)).toEqual(['blocks.0.attention.pattern', 'blocks.1.attention.pattern']);
    expect(nearest('a', ['b', 'b', 'c'], 5)).toEqual(['b', 'c']);
    expect(nearest('x', [])).toEqual([]);
  });

  test('edit distance counts insertions, deletions and replacements', () => {
    expect(editDistance('kitten', 'sitting')).toBe(3);
    expect(editDistance('', 'abc')).toBe(3);
    expect(editDistance('abc', '')).toBe(3);
    expect(editDistance('flaw', 'lawn')).toBe(2);
  });

  test('edit distance is a metric', () => {
    const word = fc.stringMatching(/^[abc]{0,7}$/);
    fc.assert(
      fc.property(word, word, word, (a, b, c) => {
        expect(editDistance(a, b)).toBe(editDistance(b, a));
        expect(editDistance(a, b) === 0).toBe(a === b);
        expect(editDistance(a, c)).toBeLessThanOrEqual(editDistance(a, b) + editDistance(b, c));
      }),
    );
  });
});
