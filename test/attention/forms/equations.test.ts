import { describe, expect, test } from 'vitest';
import { Attention, causal, forms, type Places } from '#dist/attention/index.js';
import { HostArray } from '#dist/core/index.js';
import type { Tensor } from '#dist/ops/index.js';
import { givenValues, prove } from '../prove.js';
import { formCases } from './cases.js';
import { B, byLoops, D, H, T, V } from './loops.js';

/** Positions with gaps, of each sequence its own. */
const gaps = [
  [0, 1, 2, 3, 4],
  [2, 3, 5, 6, 9],
] as const;
const column = new HostArray(Int32Array.from(gaps.flat()), [B, 1, T, 1], 'int32');

describe.each(formCases)('$name', (form) => {
  const { parts, causalOnly } = form;

  // As many key heads as query heads and one for all; everyone and only what is behind; side by side and with gaps.
  const layouts = [
    { K: H, behind: false, places: false },
    { K: 1, behind: true, places: false },
    { K: 2, behind: true, places: true },
    { K: 2, behind: false, places: true },
  ].filter(({ behind }) => behind || !causalOnly);
  test.each(layouts)('its equation and gradients: $K key heads, causal $behind, places given $places', async ({ K, behind, places }) => {
    const own = parts(K);
    const module = givenValues(new Attention(behind ? { ...own, mask: causal } : own));
    await prove({
      module,
      inputs: { q: [B, H, T, D], k: [B, K, T, D], v: [B, K, T, V] },
      given: places ? { column } : {},
      forward({ q, k, v, column: query }) {
        const stand: Places | undefined = query && { query, key: query.reshape([B, 1, 1, T]) };
        return module.attend(q as Tensor, k as Tensor, v as Tensor, { places: stand });
      },
      naive: (read) =>
        byLoops(
          form,
          {
            kvHeads: K,
            allowed: (i, j) => !behind || j <= i,
            place: (b, i) => (places ? (gaps[b]?.[i] as number) : i),
          },
          read,
        ),
    });
  });

  test('has a row in docs/attention.md', () => {
    const names = Object.values(forms).flatMap((list) => list.map((f) => f.name));
    for (const name of form.name.split(/,| of | and /, 1)) expect(names).toContain(name);
  });
});
