import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { lens, parseAddresses } from '#dist/lens/index.js';
import { ids, smallGPT2 } from './models.js';

describe('addresses', () => {
  test('are globs, slices and :grad', () => {
    expect(parseAddresses('blocks.*.attention.pattern[:, 3], a.b[0, 5:9, -1, :-2]:grad')).toEqual([
      { glob: 'blocks.*.attention.pattern', parts: [{ kind: 'all' }, { kind: 'one', at: 3 }], gradient: false },
      {
        glob: 'a.b',
        parts: [
          { kind: 'one', at: 0 },
          { kind: 'range', from: 5, to: 9 },
          { kind: 'one', at: -1 },
          { kind: 'range', from: 0, to: -2 },
        ],
        gradient: true,
      },
    ]);
  });

  test.each(['', ' , ', 'a[', 'a]', 'a[1', 'a[x]', 'a[1.5]', 'a[::2]', 'a:gradient', 'a[0]b', 'a[]', 'a[1]:grad:grad'])(
    '%j is none',
    (text) => {
      expect(() => parseAddresses(text)).toThrow(/^address: /);
    },
  );

  test('cut out what NumPy would', async () => {
    const view = lens(smallGPT2());
    const { 'blocks.0.attention.mixed': whole } = await view.capture(ids, 'blocks.0.attention.mixed'); // [2,7,2,4]
    const part = fc.oneof(
      fc.constant(':'),
      fc.integer({ min: -2, max: 1 }).map(String),
      fc.constantFrom('0:1', '1:', ':1', '-1:', ':-1', '-2:-1'),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(part, { minLength: 1, maxLength: 4 }), async (parts) => {
        const address = `blocks.0.attention.mixed[${parts.join(', ')}]`;
        const [got] = Object.values(await view.capture(ids, address));
        expect(got?.toArray()).toEqual(numpy(whole?.toArray(), parts));
        expect(view.cost(ids, address).bytes).toBe(got?.data.byteLength);
      }),
      { numRuns: 12 },
    );
    await view.dispose();
  });

  test('outside of what there is are refused with what there is', async () => {
    const view = lens(smallGPT2());
    const refused = (address: string): Promise<unknown> => view.capture(ids, address);
    await expect(refused('blocks.0.attention.patern')).rejects.toThrow(
      /globs that each match a site.*Nearest: blocks\.0\.attention\.pattern/,
    );
    await expect(refused('blocks.0.attention.pattern[:, 2]')).rejects.toThrow(/axis 1: a place from -2 to 1, the axis having 2; got 2/);
    await expect(refused('logits[:, 5:9]')).rejects.toThrow(/axis 1: a range of at least one place within the axis of 7; got 5:9/);
    await expect(refused('logits[0, 0, 0, 0]')).rejects.toThrow(/at most 3 axes; got 4/);
    await expect(refused('embed:grad')).rejects.toThrow(/embed:grad: a metric, to take the gradient of; got none/);
    await expect(view.capture(ids, '*', { limit: 1000 })).rejects.toThrow(
      /at most 1000 bytes, the limit; got \d+ bytes, of them \d+ of [\w.]+\./,
    );
    expect(view.programs).toBe(0);
  });
});

/** NumPy's basic indexing, by nested lists. */
function numpy(value: unknown, parts: readonly string[]): unknown {
  if (parts.length === 0) return value;
  const list = value as unknown[];
  const [first, ...rest] = parts as [string, ...string[]];
  if (!first.includes(':')) return numpy(list.at(Number(first)), rest);
  const [from, to] = first.split(':').map((x) => (x === '' ? undefined : Number(x)));
  return list.slice(from ?? 0, to).map((x) => numpy(x, rest));
}
