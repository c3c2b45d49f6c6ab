import { describe, expect, test } from 'vitest';
import type { HostArray } from '#dist/core/index.js';
import { imageLens, lens, type Metric } from '#dist/lens/index.js';
import { Bert, ViT } from '#dist/models/index.js';
import { enlarged, ids, pixels, sizes, smallGPT2 } from '../models.js';

const view = lens(smallGPT2());

const logSoftmax = (row: readonly number[]): number[] => {
  const top = Math.max(...row);
  const sum = Math.log(row.reduce((s, x) => s + Math.exp(x - top), 0));
  return row.map((x) => x - top - sum);
};

describe('metrics', () => {
  test('are what their formulas say, of each row', async () => {
    const { logits, embed } = await view.capture(ids, 'logits,embed');
    const rows = (logits as HostArray).toArray() as number[][][];
    const stream = (embed as HostArray).toArray() as number[][][];
    const at = (r: number, t: number): number[] => rows[r]?.at(t) as number[];
    const loss = (r: number, from: number): number => {
      const terms = (ids[r] as number[]).slice(1).map((id, t) => -(logSoftmax(at(r, t))[id] as number));
      const counted = terms.slice(from);
      return counted.reduce((a, b) => a + b) / counted.length;
    };
    const wanted: readonly [Metric, (r: number) => number][] = [
      [{ kind: 'logitDifference', token: 3, against: 5 }, (r) => (at(r, -1)[3] as number) - (at(r, -1)[5] as number)],
      [{ kind: 'logitDifference', token: [1, 2], against: 5, position: 2 }, (r) => (at(r, 2)[r + 1] as number) - (at(r, 2)[5] as number)],
      [{ kind: 'logProbability', token: 4, position: -2 }, (r) => logSoftmax(at(r, -2))[4] as number],
      [{ kind: 'probability', token: [0, 9] }, (r) => Math.exp(logSoftmax(at(r, -1))[r * 9] as number)],
      [{ kind: 'loss' }, (r) => loss(r, 0)],
      [{ kind: 'loss', from: 3 }, (r) => loss(r, 3)],
      [{ kind: 'norm', at: 'embed[:, 1]' }, (r) => Math.hypot(...((stream[r] as number[][])[1] as number[]))],
    ];
    for (const [metric, want] of wanted) {
      const got = await view.measure(ids, metric);
      expect(got.length).toBe(2);
      for (const r of [0, 1]) expect(got[r], JSON.stringify(metric)).toBeCloseTo(want(r), 4);
    }
    const { 'logits[:, -1]': clean } = await view.capture([ids[0] as number[]], 'logits[:, -1]');
    const divergence = await view.measure(ids, { kind: 'kl', clean });
    const p = logSoftmax(at(0, -1));
    const q = logSoftmax(at(1, -1));
    expect(divergence[0]).toBeCloseTo(0, 5);
    expect(divergence[1]).toBeCloseTo(
      p.reduce((sum, x, i) => sum + Math.exp(x) * (x - (q[i] as number)), 0),
      4,
    );
  });

  test('of models with one prediction a row, and of encoders with targets', async () => {
    const images = imageLens(enlarged(new ViT({ image: 8, patch: 4, layers: 1, heads: 2, width: 8, labels: ['a', 'b', 'c'] })));
    const { logits } = await images.capture(pixels, 'logits');
    const rows = (logits as HostArray).toArray() as number[][];
    const [first] = await images.measure(pixels, { kind: 'logitDifference', token: 'c', against: 0 });
    expect(first).toBeCloseTo((rows[0]?.[2] as number) - (rows[0]?.[0] as number), 5);
    const losses = await images.measure(pixels, { kind: 'loss', targets: [[1], [2]] });
    expect(losses[1]).toBeCloseTo(-(logSoftmax(rows[1] as number[])[2] as number), 5);
    await expect(images.measure(pixels, { kind: 'loss' })).rejects.toThrow(/targets, for a model that does not predict what follows/);
    await expect(images.measure(pixels, { kind: 'probability', token: 'd' })).rejects.toThrow(/one of the model's labels; got "d"/);
    await expect(images.measure(pixels, { kind: 'probability', token: 0, position: 1 })).rejects.toThrow(/no position/);

    const bert = lens(enlarged(new Bert({ ...sizes, head: { kind: 'maskedLanguage', tied: true } })));
    const masked = ids.map((row) => row.map((id, t) => (t === 2 ? id : -100)));
    const { logits: scores } = await bert.capture(ids, 'logits');
    const want = -(logSoftmax(((scores as HostArray).toArray() as number[][][])[0]?.[2] as number[])[3] as number);
    expect((await bert.measure(ids, { kind: 'loss', targets: masked }))[0]).toBeCloseTo(want, 4);
    const bare = lens(enlarged(new Bert(sizes)));
    await expect(bare.measure(ids, { kind: 'probability', token: 0 })).rejects.toThrow(
      /a model that predicts, with the site logits; got none/,
    );
  });

  test('that do not fit are refused', async () => {
    const refused = (metric: Metric): Promise<unknown> => view.measure(ids, metric);
    await expect(refused({ kind: 'probability', token: 11 })).rejects.toThrow(/token ids from 0 to 10; got 11/);
    await expect(refused({ kind: 'probability', token: [1, 2, 3] })).rejects.toThrow(/one token, or one for each of 2 rows; got 3/);
    await expect(refused({ kind: 'probability', token: 'a' })).rejects.toThrow(/an id, for a model without a tokenizer/);
    await expect(refused({ kind: 'probability', token: 1, position: 7 })).rejects.toThrow(/position: a place from -7 to 6/);
    await expect(refused({ kind: 'loss', targets: [[1]] })).rejects.toThrow(/2 rows of 7 targets/);
    await expect(refused({ kind: 'loss', from: 6 })).rejects.toThrow(/at least one target in each row; got none in row 0/);
    await expect(refused({ kind: 'kl' })).rejects.toThrow(/a clean run's logits, \[1,11\] or \[2,11\]; got none/);
    await expect(refused({ kind: 'norm', at: 'blocks.*.mlp.post' })).rejects.toThrow(/one site by its whole name/);
  });
});
