import { expect, test, vi } from 'vitest';
import { matching } from '../../../studio/src/keys/matching.js';
import type { Client } from '../../../studio/src/state/client.js';
import { joinedCurves } from '../../../studio/src/state/curves.js';
import { advance, back, begin, forth } from '../../../studio/src/state/history.js';
import { Latest } from '../../../studio/src/state/latest.js';
import { Tiles } from '../../../studio/src/state/tiles.js';

test('undo and redo walk the same way; a new step forgets what was undone', () => {
  const third = advance(advance(begin(0), 1), 2);
  expect([back(third).present, back(back(third)).present, back(back(back(third))).present]).toEqual([1, 0, 0]);
  expect(forth(back(third))).toEqual(third);
  expect(forth(advance(back(third), 9)).present).toBe(9);
});

test('of tasks that overtake each other only the newest has a result; the others are aborted, and their faults dropped', async () => {
  const latest = new Latest();
  let aborted = false;
  const first = latest.run(async (signal) => {
    await new Promise((_, reject) => signal.addEventListener('abort', () => reject(new Error('late'))));
  });
  const second = latest.run(async (signal) => {
    signal.addEventListener('abort', () => {
      aborted = true;
    });
    return 'second';
  });
  expect(await Promise.all([first, second])).toEqual([undefined, 'second']);
  expect([aborted, latest.isBusy]).toEqual([false, false]);
  await expect(latest.run(async () => Promise.reject(new Error('own')))).rejects.toThrow('own');
});

test('tiles: at most four on their way, those not begun are forgotten, the least recently seen are let go', async () => {
  const answers: (() => void)[] = [];
  let asked = 0;
  const client = {
    ask: async () => {
      asked++;
      await new Promise<void>((resolve) => answers.push(resolve));
      return { values: { shape: [2, 2], data: new Float32Array(4) } };
    },
  } as unknown as Client;
  const arrived = vi.fn();
  const tiles = new Tiles(client, arrived, () => {}, 3 * 16);
  const source = { run: 'r', layer: 0, head: 0, value: 'pattern' } as const;
  const address = (row: number) => ({ row, column: 0, rows: 2, columns: 2, pool: 1 });
  expect(tiles.want(source, [0, 2, 4, 6, 8, 10].map(address))).toEqual([]);
  expect(asked).toBe(4);
  tiles.want(source, [address(12)]);
  for (const answer of answers.splice(0)) answer();
  await vi.waitFor(() => expect(asked).toBe(5));
  for (const answer of answers.splice(0)) answer();
  await vi.waitFor(() => expect(arrived).toHaveBeenCalledTimes(5));
  expect(tiles.bytes).toBe(48);
  expect(tiles.want(source, [address(12)])).toHaveLength(1);
  expect(tiles.holding(source, address(0))).toBeUndefined();
});

test('curves that come in pieces are joined in order', () => {
  const piece = (step: number) => ({
    steps: {
      step: Float64Array.of(step),
      loss: Float64Array.of(1),
      gradientNorm: Float64Array.of(1),
      lr: Float64Array.of(1),
      tokensPerSecond: Float64Array.of(1),
    },
    evaluations: {
      step: new Float64Array(0),
      trainLoss: new Float64Array(0),
      valLoss: new Float64Array(0),
      exactMatch: new Float64Array(0),
    },
    samples: [{ step, text: `at ${step}` }],
    events: [],
  });
  const joined = joinedCurves(joinedCurves(undefined, piece(1)), piece(2));
  expect([...joined.steps.step]).toEqual([1, 2]);
  expect(joined.samples.map(({ text }) => text)).toEqual(['at 1', 'at 2']);
});

test('the palette finds by beginnings, words and letters in order, the better first', () => {
  const items = ['Next head', 'Layer 1, head 3', 'Compare: heads', 'Table'].map((name) => ({ name }));
  const names = (query: string) => matching(items, query).map(({ name }) => name);
  expect(names('next')).toEqual(['Next head']);
  expect(names('head 1')).toEqual(['Layer 1, head 3']);
  expect(names('tbl')).toEqual(['Table']);
  expect(names('')).toHaveLength(4);
});
