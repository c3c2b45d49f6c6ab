import { describe, expect, test } from 'vitest';
import { Attention, AxialAttention, causal } from '#dist/attention/index.js';
import { HostArray } from '#dist/core/index.js';
import { input, type Tensor } from '#dist/ops/index.js';
import { sitesOf } from '#dist/runtime/index.js';
import { type Feeds, numbersOf } from '../../grad/programs.js';
import { numbers } from '../../nn/arrays.js';
import { givenValues, prove } from '../prove.js';
import { affine, dot, part, range, softmax, sum } from './loops.js';

const [B, R, Q, C, H, D] = [2, 2, 3, 4, 2, 2];
const present = (b: number, r: number, q: number): boolean => (b + r + 2 * q) % 5 !== 2;
const mask = new HostArray(
  Uint8Array.from(range(B).flatMap((b) => range(R).flatMap((r) => range(Q).map((q) => Number(present(b, r, q)))))),
  [B, R, Q],
  'bool',
);

describe.each(['rows', 'columns'] as const)('along %s', (along) => {
  test.each([false, true])('each line is a sequence of its own (Ho 2019, section 3); with a mask and a bias: %s', async (full) => {
    const module = givenValues(new AxialAttention({ width: C, heads: H, along, attention: new Attention({ mask: causal }) }));
    const [lines, length] = along === 'rows' ? [R, Q] : [Q, R];
    await prove({
      module,
      inputs: { x: [B, R, Q, C], ...(full && { bias: [B, H, length, length] }) },
      given: full ? { mask } : {},
      forward: ({ x, ...inputs }) => module.forward(x as Tensor, inputs),
      naive(read) {
        const at = (line: number, i: number): [number, number] => (along === 'rows' ? [line, i] : [i, line]);
        const out = range(B).map((b) =>
          range(lines).map((line) => {
            const project = (name: string): number[][] =>
              range(length).map((i) =>
                affine(
                  range(C).map((c) => read('x')(b, ...at(line, i), c)),
                  read(`attention.${name}.weight`),
                  C,
                  read(`attention.${name}.bias`),
                ),
              );
            const [q, k, v] = [project('query'), project('key'), project('value')];
            return range(length).map((i) => {
              const mixed = range(H).flatMap((h) => {
                const weights = softmax(
                  range(length).map(
                    (j) => dot(part(q[i] ?? [], h, D), part(k[j] ?? [], h, D)) / Math.sqrt(D) + (full ? read('bias')(b, h, i, j) : 0),
                  ),
                  (j) => j <= i && (!full || present(b, ...at(line, j))),
                );
                return range(D).map((d) => sum(length, (j) => (weights[j] as number) * (part(v[j] ?? [], h, D)[d] as number)));
              });
              return affine(mixed, read('attention.output.weight'), C, read('attention.output.bias'));
            });
          }),
        );
        return range(B).flatMap((b) =>
          range(R).flatMap((r) => range(Q).flatMap((c) => (along === 'rows' ? out[b]?.[r]?.[c] : out[b]?.[c]?.[r]) ?? [])),
        );
      },
    });
  });
});

test('rows, then columns: every place sees every other', () => {
  const [rows, columns] = (['rows', 'columns'] as const).map((along) => givenValues(new AxialAttention({ width: C, heads: H, along })));
  const x = input('x', [1, R, Q, C]);
  const value = numbers('x', [1, R, Q, C]);
  const at = (y: Tensor, data = value.data): Float64Array => numbersOf(y, new Map([[x, { ...value, data }]]) as Feeds);
  const moved = value.data.slice();
  moved[moved.length - 1] = 5; // the last place of the last row
  const one = (rows as AxialAttention).forward(x);
  const both = (columns as AxialAttention).forward(one);
  const firstRow = (y: Float64Array): number[] => [...y.slice(0, Q * C)];
  expect(firstRow(at(one, moved))).toEqual(firstRow(at(one)));
  const [a, b] = [at(both, moved), at(both)];
  for (let place = 0; place < R * Q; place++) expect(a.slice(place * C, (place + 1) * C)).not.toEqual(b.slice(place * C, (place + 1) * C));
});

test('its sites have the lines as batch', () => {
  const layer = new AxialAttention({ width: C, heads: H, along: 'columns' });
  expect(sitesOf([layer.forward(input('x', [B, R, Q, C]))]).get('attention.pattern')?.shape).toEqual([B * Q, H, R, R]);
});

test('a mask of another grid', () => {
  const layer = new AxialAttention({ width: C, heads: H, along: 'rows' });
  expect(() => layer.forward(input('x', [B, R, Q, C]), { mask: input('m', [B, Q, R], 'bool') })).toThrow(
    'axial attention: a mask [2,2,3], one for each place of the grid; got [2,3,2] bool.',
  );
});
