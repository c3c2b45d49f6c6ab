import { describe, expect, test } from 'vitest';
import { HostArray } from '#dist/core/index.js';
import {
  type By,
  imageLens,
  lens,
  mean,
  resample,
  restored,
  type Sweep,
  type SweepResult,
  sweep,
  translationLens,
  value,
  zero,
} from '#dist/lens/index.js';
import { Bert, Llama, Transformer, ViT } from '#dist/models/index.js';
import { memory } from '#dist/runtime/index.js';
import { largestDifference } from '../../support/arrays.js';
import { expectNoMoreMemory } from '../../support/no-more-memory.js';
import { enlarged, ids, pixels, sizes, smallGPT2 } from '../models.js';

const clean = [1, 2, 3, 4, 5, 6, 7];
const corrupted = [1, 2, 9, 4, 8, 6, 7];
const metric = { kind: 'logitDifference', token: 3, against: 5 } as const;
const site = 'blocks.*.attention.mixed';

const expectClose = (got: SweepResult, want: readonly number[]): void =>
  expect(largestDifference(got.values.values.data, want)).toBeLessThan(1e-4);

describe('sweeps', () => {
  test('of activations are interventions one by one', async () => {
    const view = lens(smallGPT2());
    const found = await sweep(view, { kind: 'activation', clean, corrupted, site, by: ['layer', 'head', 'position'], metric, batch: 5 });
    expect(found.values.axes.map(({ name }) => name)).toEqual(['layer', 'head', 'position']);
    expect(found.values.values.shape).toEqual([2, 2, 7]);
    expect(found.cost).toMatchObject({ cells: 28, runs: 6, batch: 5 });
    const want: number[] = [];
    for (const layer of [0, 1]) {
      const stored = await resample(view, `blocks.${layer}.attention.mixed`, clean);
      for (const head of [0, 1]) {
        for (const position of clean.keys()) {
          const changed = view.with({ ...stored, heads: [head], positions: [position] });
          want.push(...(await changed.measure(corrupted, metric)));
        }
      }
    }
    expectClose(found, want);
    expect(new Set(want.map((x) => x.toFixed(4))).size).toBeGreaterThan(8);
    expect(found.values.at(1, 0, 4)).toBeCloseTo(want[14 + 4] as number, 4);
    expect(found.baseline).toBeCloseTo((await view.measure(corrupted, metric))[0] as number, 5);
    expect(found.source).toBeCloseTo((await view.measure(clean, metric))[0] as number, 5);
    // Everything patched at once is the other run.
    const whole = await sweep(view, { kind: 'activation', clean, corrupted, site: 'embed', by: ['layer'], metric });
    expect(restored(whole, 'activation').values.data[0]).toBeCloseTo(1, 4);
    // Other ways to say the same, and the other way round.
    const turned = await sweep(view, { kind: 'activation', clean, corrupted, site, by: ['position', 'layer', 'head'], metric });
    expect(turned.values.at(4, 1, 0)).toBeCloseTo(found.values.at(1, 0, 4), 5);
    const noise = await sweep(view, {
      kind: 'activation',
      clean: corrupted,
      corrupted: clean,
      direction: 'noise',
      site,
      by: ['layer', 'head', 'position'],
      metric,
    });
    expectClose(noise, want);
    const last = await sweep(view, { kind: 'activation', clean, corrupted, site: `${site}[:, -1]`, by: ['layer', 'head'], metric });
    expectClose(
      last,
      [0, 1].flatMap((l) => [0, 1].map((h) => found.values.at(l, h, 6))),
    );
    await view.dispose();
  });

  test('of several pairs are means; of views that change, over what they change', async () => {
    const view = lens(smallGPT2()).with(zero('blocks.0.attention.mixed', { heads: [1] }));
    const pairs = { clean: [clean, corrupted], corrupted: [corrupted, [7, 7, 9, 4, 8, 6, 1]] };
    const by: readonly By[] = ['layer', 'head'];
    const together = await sweep(view, { kind: 'activation', ...pairs, site, by, metric: { ...metric, token: [3, 1] } });
    const apart: SweepResult[] = [];
    for (const n of [0, 1]) {
      const pair = { clean: pairs.clean[n] as number[], corrupted: pairs.corrupted[n] as number[] };
      apart.push(await sweep(view, { kind: 'activation', ...pair, site, by, metric: { ...metric, token: [3, 1][n] as number } }));
    }
    expectClose(
      together,
      Array.from(apart[0]?.values.values.data as Float32Array, (x, i) => (x + Number(apart[1]?.values.values.data[i])) / 2),
    );
    const plain = await sweep(lens(smallGPT2()), { kind: 'activation', clean, corrupted, site, by, metric });
    expect(largestDifference(plain.values.values.data, apart[0]?.values.values.data)).toBeGreaterThan(1e-3);
    await view.dispose();
  });

  test('of ablations: heads, layers, neurons, positions, edges; zeros, means, other prompts', async () => {
    const view = lens(smallGPT2());
    const loss = { kind: 'loss' } as const;
    const one = async (...changes: Parameters<typeof view.with>[0][]) => {
      const all: number[] = [];
      for (const change of changes) all.push(...(await view.with(change).measure(clean, loss)));
      return all;
    };
    const of = (at: string, by: readonly By[], rest = {}) =>
      sweep(view, { kind: 'ablation', prompt: clean, site: at, by, metric: loss, ...rest });
    const places = Array.from({ length: 32 }, (_, i) => i);
    expectClose(await of('blocks.*.mlp.output', ['layer']), await one(zero('blocks.0.mlp.output'), zero('blocks.1.mlp.output')));
    expectClose(await of('blocks.0.mlp.post', ['neuron']), await one(...places.map((n) => zero('blocks.0.mlp.post', { neurons: [n] }))));
    expectClose(await of('*residual.pre', ['position']), await one(...clean.map((_, t) => zero('*residual.pre', { positions: [t] }))));
    const average = await mean(view, site, ids);
    const heads = [0, 1].flatMap((layer) => [0, 1].map((head) => ({ layer, head })));
    expectClose(
      await of(site, ['layer', 'head'], { with: average }),
      await one(...heads.map(({ layer, head }) => ({ ...average, at: `blocks.${layer}.attention.mixed`, heads: [head] }))),
    );
    const pattern = 'blocks.1.attention.pattern';
    for (const renormalise of [false, true]) {
      const edges = await of(pattern, ['head', 'position', 'key'], { renormalise });
      const [head, query, key] = [1, 5, 2];
      const own = (await view.capture(clean, pattern))[pattern] as HostArray;
      const changed = new HostArray((own.data as Float32Array).slice(), own.shape, 'float32');
      const row = (changed.data as Float32Array).subarray((head * 7 + query) * 7, (head * 7 + query + 1) * 7);
      const share = renormalise ? 1 - (row[key] as number) : 1;
      row[key] = 0;
      row.forEach((x, i) => {
        row[i] = x / share;
      });
      expect(edges.values.at(head, query, key)).toBeCloseTo((await one(value(pattern, changed)))[0] as number, 4);
    }
    await expect(of(site, ['layer', 'head'], { with: await mean(view, 'blocks.0.attention.mixed', ids) })).rejects.toThrow(
      /none for blocks\.1/,
    );
    await expect(of(site, ['layer'], { with: await resample(view, `${site}[:, 1]`, clean) })).rejects.toThrow(/values of the whole site/);
    await view.dispose();
  });

  test('of attribution are activation patching to first order', async () => {
    const view = lens(smallGPT2());
    const spec = { clean, corrupted, site, by: ['head', 'layer'] as const, metric };
    const found = await sweep(view, { kind: 'attribution', ...spec });
    // A small step of the embedding towards the clean one: there the first order is all.
    const [a, b] = [(await view.capture(clean, 'embed')).embed as HostArray, (await view.capture(corrupted, 'embed')).embed as HostArray];
    expect(a.shape).toEqual(b.shape);
    const slopes = await view.capture(corrupted, `${site}:grad`, { metric });
    const [cleans, own] = [await view.capture(clean, site), await view.capture(corrupted, site)];
    for (const layer of [0, 1]) {
      const name = `blocks.${layer}.attention.mixed`;
      for (const head of [0, 1]) {
        let sum = 0;
        for (let t = 0; t < 7; t++) {
          for (let d = 0; d < 4; d++) {
            const at = [0, t, head, d] as const;
            sum +=
              ((cleans[name] as HostArray).at(...at) - (own[name] as HostArray).at(...at)) *
              (slopes[`${name}:grad`] as HostArray).at(...at);
          }
        }
        expect(found.values.at(head, layer)).toBeCloseTo(sum, 4);
      }
    }
    const parts = await sweep(view, { kind: 'attribution', ...spec, by: ['layer', 'head', 'position'] });
    const total = (r: SweepResult): number => (r.values.values.data as Float32Array).reduce((x, y) => x + y, 0);
    expect(total(parts)).toBeCloseTo(total(found), 3);
    await view.dispose();
  });

  test('of paths: what goes to the last layer’s queries alone', async () => {
    const view = lens(smallGPT2());
    const to = 'blocks.1.attention.query[:, 1]';
    const found = await sweep(view, { kind: 'path', clean, corrupted, site: 'blocks.0.attention.mixed', by: ['head'], to, metric });
    const frozen = await resample(view, '*attention.mixed', corrupted);
    const sent = await resample(view, 'blocks.0.attention.mixed', clean);
    for (const head of [0, 1]) {
      const receiver = await view.with([frozen, { ...sent, heads: [head] }]).capture(corrupted, to);
      const [got] = Object.values(receiver) as [HostArray];
      const want = await view.with(value(to, got)).measure(corrupted, metric);
      expect(found.values.at(head)).toBeCloseTo(want[0] as number, 4);
      expect(Math.abs(found.values.at(head) - found.baseline)).toBeGreaterThan(1e-4);
    }
    // Without anything to pass on but the residual stream, the last head of the model reaches the final norm directly.
    const direct = await sweep(view, {
      kind: 'path',
      clean,
      corrupted,
      site: 'blocks.1.attention.mixed',
      by: ['head'],
      to: 'final_norm',
      frozen: '*attention.mixed, *mlp.output',
      metric,
    });
    expect(direct.values.values.data.length).toBe(2);
    await view.dispose();
  });

  test('work for grouped heads, encoders, cross-attention and images', async () => {
    const llama = lens(enlarged(new Llama({ ...sizes, heads: 4, kvHeads: 2 })));
    const values = await sweep(llama, {
      kind: 'activation',
      clean,
      corrupted,
      site: 'blocks.*.attention.value',
      by: ['layer', 'head'],
      metric,
    });
    expect(values.values.values.shape).toEqual([2, 2]);
    await expect(
      sweep(llama, { kind: 'activation', clean, corrupted, site: '*attention.query, *attention.key', by: ['layer', 'head'], metric }),
    ).rejects.toThrow(/address: one site or glob; got 2/);
    await expect(
      sweep(llama, { kind: 'activation', clean, corrupted, site: 'blocks.0.attention.*e*y', by: ['layer', 'head'], metric }),
    ).rejects.toThrow(/sites with as many of head: 4 of blocks\.0\.attention\.query; got 2 of blocks\.0\.attention\.key/);
    const bert = lens(enlarged(new Bert({ ...sizes, head: { kind: 'maskedLanguage', tied: true } })));
    const encoder = await sweep(bert, { kind: 'activation', clean, corrupted, site, by: ['layer', 'head', 'position'], metric });
    expect(encoder.values.values.shape).toEqual([2, 2, 7]);

    const model = new Transformer({ sourceVocabulary: 11, targetVocabulary: 11, layers: 2, width: 8, heads: 4, kvHeads: 2 });
    const translation = translationLens(enlarged(model));
    const prompts = { clean: { source: clean, target: [1, 2, 3] }, corrupted: { source: corrupted, target: [1, 2, 3] } };
    const cross = 'decoder.blocks.*.cross_attention.pattern';
    const edges = await sweep(translation, { kind: 'activation', ...prompts, site: cross, by: ['layer', 'head', 'key'], metric });
    expect(edges.values.values.shape).toEqual([2, 4, 7]);
    const memory = await sweep(translation, {
      kind: 'activation',
      ...prompts,
      site: 'encoder.blocks.1.residual.post',
      by: ['position'],
      metric,
    });
    expect(memory.values.values.shape).toEqual([7]);
    const all = await sweep(translation, { kind: 'activation', ...prompts, site: 'encoder.blocks.1.residual.post', by: ['layer'], metric });
    expect(restored(all, 'activation').values.data[0]).toBeCloseTo(1, 4);

    const images = imageLens(enlarged(new ViT({ image: 8, patch: 4, layers: 2, heads: 2, width: 8, labels: ['a', 'b', 'c'] })));
    const other = new HostArray(
      Float32Array.from(pixels.data as Float32Array, (x, i) => (i % 3 === 0 ? -x : x)),
      pixels.shape,
      'float32',
    );
    const of = { kind: 'logitDifference', token: 'a', against: 'b' } as const;
    const patches = await sweep(images, {
      kind: 'activation',
      clean: pixels,
      corrupted: other,
      site,
      by: ['layer', 'head', 'position'],
      metric: of,
    });
    expect(patches.values.values.shape).toEqual([2, 2, 5]);
    const stream = await sweep(images, { kind: 'activation', clean: pixels, corrupted: other, site: 'embed', by: ['layer'], metric: of });
    expect(restored(stream, 'activation').values.data[0]).toBeCloseTo(1, 3);
    for (const view of [llama, bert, translation, images]) await view.dispose();
  });

  test('tell how far they are, stop when told, and keep to limits', async () => {
    const before = memory();
    const view = lens(smallGPT2());
    const spec = { kind: 'activation', clean, corrupted, site, by: ['layer', 'head', 'position'], metric, batch: 4 } as const;
    const heard: number[] = [];
    await sweep(view, { ...spec, onProgress: (done, total) => heard.push(done / total) });
    expect(heard).toHaveLength(7);
    expect(heard.at(-1)).toBe(1);
    const stopping = new AbortController();
    const stopped = sweep(view, { ...spec, signal: stopping.signal, onProgress: () => stopping.abort(new Error('enough')) });
    await expect(stopped).rejects.toThrow('enough');
    await expect(sweep(view, { ...spec, limit: { bytes: 1000 } })).rejects.toThrow(
      /at most 1000 bytes, the limit; got 28 cells in 28 runs, \d+ bytes at once and [\d.e-]+ s expected/,
    );
    await expect(sweep(view, { ...spec, limit: { seconds: 1e-6 } })).rejects.toThrow(
      /at most 0\.000001 s, the limit; got 28 cells in 7 runs, \d+ bytes/,
    );
    // A limit on bytes that a smaller batch keeps to makes the batch smaller.
    const small = await sweep(view, { ...spec, batch: 64, limit: { bytes: 100_000 } });
    expect(small.cost.bytes).toBeLessThanOrEqual(100_000);
    expect(small.cost.batch).toBeLessThan(28);
    await view.dispose();
    expectNoMoreMemory(before);
  });

  test('that do not fit are refused', async () => {
    const view = lens(smallGPT2());
    const refused = (part: Partial<Sweep<number[]>>) =>
      sweep(view, { kind: 'activation', clean, corrupted, site, by: ['layer', 'head'], metric, ...part } as Sweep<number[]>);
    await expect(refused({ clean: [1, 2, 3] } as never)).rejects.toThrow(
      /prompts of the same size: ids \[1,7\]; got \[1,3\]\. `compare` aligns/,
    );
    await expect(refused({ site: 'blocks.*.attention.mixd' })).rejects.toThrow(/Nearest: blocks\.0\.attention\.mixed/);
    await expect(refused({ by: ['layer', 'neuron'] })).rejects.toThrow(
      /at blocks\.0\.attention\.mixed: a site with the axis neuron; got a site of position, head, channel/,
    );
    await expect(refused({ by: [] })).rejects.toThrow(/by, each axis once/);
    await expect(refused({ by: ['head', 'head'] })).rejects.toThrow(/by, each axis once; got \[head,head\]/);
    await expect(refused({ batch: 0 })).rejects.toThrow(/a batch from 1; got 0/);
    await expect(refused({ kind: 'path', to: 'nowhere' } as never)).rejects.toThrow(/globs that each match a site/);
    await view.dispose();
  });
});
