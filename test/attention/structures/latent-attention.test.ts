import { describe, expect, test } from 'vitest';
import { causal, causalMask, LatentAttention, type LatentAttentionOptions } from '#dist/attention/index.js';
import { gradients } from '#dist/grad/index.js';
import { input, parameterTensor, type Tensor } from '#dist/ops/index.js';
import { Rotary } from '#dist/position/index.js';
import { sitesOf } from '#dist/runtime/index.js';
import { type Feeds, numbersOf } from '../../grad/programs.js';
import { numbers } from '../../nn/arrays.js';
import { relativeDifference } from '../../support/arrays.js';
import { givenValues, prove } from '../prove.js';
import { affine, dot, part, range, rmsNorm, softmax, sum, turned } from './loops.js';

const [B, T, C, H, D, V, R, L] = [2, 3, 4, 2, 3, 2, 4, 5];
const sizes: LatentAttentionOptions = { width: C, heads: H, headWidth: D, valueWidth: V, rotaryWidth: R, latentWidth: L };
const rotary = new Rotary({ context: 8, width: R });
const ids = input('ids', [B, T], 'int32');

const variants: [string, Partial<LatentAttentionOptions>][] = [
  ['of section 2.1', { queryLatentWidth: 3 }],
  ['with queries of x, norms, neighbours turned', { normEpsilon: 1e-3, interleaved: true }],
  ['with all latents normalised', { queryLatentWidth: 3, normEpsilon: 1e-3 }],
];

describe.each(variants)('latent attention %s', (_, options) => {
  const module = givenValues(new LatentAttention({ ...sizes, ...options }));

  test.each([false, true])('absorbed %s: DeepSeek-V2’s equations, and their gradients', async (absorbed) => {
    await prove({
      module,
      inputs: { x: [B, T, C] },
      forward: ({ x }) => module.forward(x as Tensor, { rotation: rotary.at(ids), mask: causalMask(T), absorbed }),
      naive(read) {
        const { normEpsilon: epsilon, interleaved, queryLatentWidth } = options;
        const project = (row: readonly number[], name: string, to: number): number[] => affine(row, read(`${name}.weight`), to);
        const normed = (row: readonly number[], name: string): number[] =>
          epsilon === undefined ? [...row] : rmsNorm(row, read(`${name}.weight`), epsilon);
        const token = (b: number, t: number) => {
          const h = range(C).map((c) => read('x')(b, t, c));
          const cq = queryLatentWidth === undefined ? h : normed(project(h, 'queryDown', queryLatentWidth), 'queryNorm');
          const q = project(cq, 'query', H * (D + R));
          const down = project(h, 'down', L + R);
          const c = normed(down.slice(0, L), 'latentNorm');
          const sharedKey = turned(down.slice(L), t, interleaved);
          return range(H).map((i) => {
            const own = part(q, i, D + R);
            return {
              query: [...own.slice(0, D), ...turned(own.slice(D), t, interleaved)],
              key: [...part(project(c, 'keyUp', H * D), i, D), ...sharedKey],
              value: part(project(c, 'valueUp', H * V), i, V),
            };
          });
        };
        return range(B).flatMap((b) => {
          const tokens = range(T).map((t) => token(b, t));
          return range(T).flatMap((t) => {
            const heads = range(H).flatMap((i) => {
              const scores = range(T).map((s) => dot(tokens[t]?.[i]?.query ?? [], tokens[s]?.[i]?.key ?? []) / Math.sqrt(D + R));
              const weights = softmax(scores, (s) => s <= t);
              return range(V).map((d) => sum(T, (s) => (weights[s] as number) * (tokens[s]?.[i]?.value[d] as number)));
            });
            return project(heads, 'output', C);
          });
        });
      },
    });
  });

  const x = input('x', [B, T, C]);
  const feeds: Feeds = new Map([[x, numbers('x', [B, T, C])]]);

  test('the absorbed form equals the plain one, gradients too', () => {
    const by = [x, ...[...module.parameters().values()].map(parameterTensor)];
    const all = (absorbed: boolean): readonly Tensor[] => {
      const y = module.forward(x, { rotation: rotary.at(ids), absorbed });
      return [y, ...gradients(y.mul(y).add(y).sum(), by)];
    };
    const [plain, absorbed] = [all(false), all(true)];
    plain.forEach((y, i) => {
      expect(relativeDifference(numbersOf(absorbed[i] as Tensor, feeds), numbersOf(y, feeds)), `${i}`).toBeLessThan(1e-11);
    });
  });

  test.each([undefined, false, true])('cached latents give the whole’s last rows; absorbed %s', (absorbed) => {
    const own = givenValues(new LatentAttention({ ...sizes, ...options, mask: causal }));
    const whole = own.forward(x, { rotation: rotary.at(ids) });
    const [capacity, early] = [4, 2];
    const latents = (sitesOf([whole]).get('latent') as Tensor).split([early, T - early], 2)[0] as Tensor;
    const [filled, start] = [input('filled', [B, capacity], 'bool'), input('start', [1], 'int32')];
    const y = own.forward(x.split([early, T - early], 1)[1] as Tensor, {
      rotation: rotary.at(input('late', [B, T - early], 'int32'), start),
      past: {
        latents: latents.reshape([B, 1, early, L + R]).pad(
          [
            [0, 0],
            [0, 0],
            [0, 2],
            [0, 0],
          ],
          1e3,
        ),
        filled,
      },
      absorbed,
    });
    const given: Feeds = new Map([
      ...feeds,
      [filled, { shape: [B, capacity], data: Float64Array.of(1, 1, 0, 0, 1, 1, 0, 0) }],
      [start, { shape: [1], data: Float64Array.of(early) }],
    ]);
    const want = whole.split([early, T - early], 1)[1] as Tensor;
    expect(relativeDifference(numbersOf(y, given), numbersOf(want, feeds))).toBeLessThan(1e-11);
  });
});

test('what a cache keeps is the latent and one rotary key for all heads; sites show what is computed', () => {
  const module = new LatentAttention(sizes);
  const shapes = (absorbed: boolean) =>
    Object.fromEntries([...sitesOf([module.forward(input('x', [B, T, C]), { absorbed })])].map(([name, t]) => [name, t.shape]));
  const both = { latent: [B, 1, T, L + R], scores: [B, H, T, T], pattern: [B, H, T, T], output: [B, T, C] };
  expect(shapes(false)).toEqual({ ...both, query: [B, H, T, D + R], key: [B, H, T, D + R], value: [B, H, T, V], mixed: [B, T, H, V] });
  const latent = [B, 1, T, L + R];
  expect(shapes(true)).toEqual({ ...both, query: [B, H, T, L + R], key: latent, value: latent, mixed: [B, T, H, L] });
});

test('what does not fit', () => {
  expect(() => new LatentAttention({ ...sizes, rotaryWidth: 3 })).toThrow('latent attention: an even rotaryWidth from 2; got 3.');
  expect(() => new LatentAttention({ ...sizes, heads: 0 })).toThrow('latent attention: a whole number of heads from 1; got 0.');
  const past = { latents: input('l', [B, H, 2, L + R]), filled: input('f', [B, 2], 'bool') };
  expect(() => new LatentAttention(sizes).forward(input('x', [B, T, C]), { past })).toThrow(
    'latent attention: latents [B,1,P,9], what the site latent held; got [2,2,2,9] float32.',
  );
});
