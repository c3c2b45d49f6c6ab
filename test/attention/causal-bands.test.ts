import { describe, expect, test } from 'vitest';
import { attendInBands, bandCount } from '#dist/attention/causal-bands.js';
import {
  type AttentionInputs,
  type AttentionParts,
  attend,
  causal,
  causalMask,
  softmaxNormaliser,
  withCausalBands,
} from '#dist/attention/index.js';
import { gradients } from '#dist/grad/index.js';
import { evaluate, input, type RefArray, type Tensor, withTraining } from '#dist/ops/index.js';
import { restartStreams } from '#dist/ops/leaves/random-mask.js';
import { numbers } from '../nn/arrays.js';
import { largestDifference } from '../support/arrays.js';

const [B, H, T, D, W] = [2, 4, 12, 3, 5];

/** Values and gradients of an attention by its inputs, in float64. */
function found(attention: (q: Tensor, k: Tensor, v: Tensor) => Tensor, kvHeads: number): readonly RefArray[] {
  const inputs = [input('q', [B, H, T, D]), input('k', [B, kvHeads, T, D]), input('v', [B, kvHeads, T, W])] as const;
  restartStreams();
  const y = withTraining(true, () => attention(...inputs));
  const weights = input('weights', [B, T, H, W]);
  const wanted = [y, ...gradients(y.mul(weights).sum(), inputs)];
  const feeds = new Map([...inputs, weights].map((x) => [x, numbers(x.node.attrs.name as string, x.shape as number[])]));
  return evaluate(wanted, feeds) as RefArray[];
}

type Options = AttentionParts & { readonly inputs: AttentionInputs };

describe('values and gradients are those of the whole pattern', () => {
  const plain: Options = { inputs: { mask: causalMask(T), everyQueryAttends: true } };
  const cases: [string, Options, number][] = [
    ['as a decoder has it', plain, H],
    ['grouped queries', plain, 2],
    ['the mask a part', { mask: causal, inputs: {} }, H],
    ['with dropout of the pattern', { ...plain, dropout: 0.4 }, 1],
    ['narrowed, some queries seeing nothing', { mask: causal, inputs: { mask: causalMask(T).logicalNot() } }, H],
  ];
  test.each(cases)('%s', (_, options, kvHeads) => {
    const whole = found((q, k, v) => attend(q, k, v, options), kvHeads);
    for (const bands of [2, 3, 4]) {
      const banded = found((q, k, v) => attendInBands(q, k, v, bands, options).transpose([0, 2, 1, 3]), kvHeads);
      whole.forEach(({ data }, i) => {
        expect(largestDifference(banded[i]?.data as Float64Array, data)).toBeLessThan(1e-12);
      });
    }
  });
});

describe('bands', () => {
  const of = (length: number, options: Partial<Options> = {}, wanted = true): number => {
    const [q, k, v] = ['q', 'k', 'v'].map((name) => input(name, [1, 2, length, 4])) as [Tensor, Tensor, Tensor];
    const { inputs, ...parts } = options;
    const given = { ...parts, inputs: { mask: causalMask(length), nothingLater: true, ...inputs } };
    const trace = (): number => {
      const count = bandCount(q, k, given);
      // `attend` goes by it: a whole pattern is [1,2,T,T].
      expect(holdsPattern(attend(q, k, v, given), length)).toBe(count === 1);
      return count;
    };
    return wanted ? withCausalBands(trace) : trace();
  };

  test('of long texts alone: the most up to 4 that are of equal length', () => {
    expect([64, 254, 256, 257, 508, 512, 513, 514, 515, 1024].map((length) => of(length))).toEqual([1, 1, 2, 1, 2, 4, 3, 2, 1, 4]);
  });

  test('none where it is not asked for, or not known to be causal, or not row by row', () => {
    expect(of(512, {}, false)).toBe(1);
    expect(of(512, { inputs: { nothingLater: false } })).toBe(1);
    expect(of(512, { inputs: { bias: input('bias', [512, 512]) } })).toBe(1);
    expect(of(512, { normaliser: softmaxNormaliser() })).toBe(1);
    expect(of(512, { bias: () => input('bias', [512, 512]) })).toBe(1);
    expect(of(512, { inputs: { mask: undefined } })).toBe(1);
    expect(of(512, { dropout: 0.5 })).toBe(4);
  });
});

function holdsPattern(y: Tensor, length: number): boolean {
  const seen = new Set<Tensor>();
  const walk = (t: Tensor): boolean => {
    if (seen.has(t)) return false;
    seen.add(t);
    return (t.node.op.name === 'softmax' && t.shape.at(-1) === length && t.shape.at(-2) === length) || t.node.inputs.some(walk);
  };
  return walk(y);
}
