import { describe, expect, test } from 'vitest';
import { loadModel } from '#dist/checkpoints/index.js';
import type { HostArray } from '#dist/core/index.js';
import { add, cut, lens, mean, type Sweep, sweep } from '#dist/lens/index.js';
import { shared } from '../../checkpoints/shared.js';
import { referenceOf } from '../../models/checkpoint.js';
import { fixture, relativeDifference } from '../../support/arrays.js';

const models = { gpt2: fixture('gpt2-tiny'), stories: shared('models/stories260k') };

describe.each(Object.entries(models))('%s, changed as PyTorch changes it', (prefix, folder) => {
  test.skipIf(folder === undefined)('patching, attribution, paths, ablation, cut edges, steering', async () => {
    const reference = await referenceOf('lens-patching.safetensors');
    const of = (name: string): HostArray => reference.get(`${prefix}.${name}`) as HostArray;
    const ids = (name: string): number[] => Array.from(of(name).data as Int32Array);
    const view = lens(await loadModel(folder as string));
    const [clean, corrupted, [token, against]] = [ids('clean'), ids('corrupted'), ids('tokens') as [number, number]];
    const metric = { kind: 'logitDifference', token, against } as const;
    const site = 'blocks.*.attention.mixed';
    const layers = (of('zero').shape[0] as number) - 1;
    // The largest difference by the spread of what was found: a few numbers of almost one size must differ as PyTorch's do.
    const expectLike = (got: ArrayLike<number>, name: string): void => {
      const want = Array.from(of(name).data as Float32Array);
      const spread = Math.max(...want) - Math.min(...want);
      const worst = Math.max(...want.map((x, i) => Math.abs(x - (got[i] as number))));
      expect(worst / Math.max(spread, 1e-2), name).toBeLessThan(2e-3);
      expect(relativeDifference(got, want), name).toBeLessThan(1e-4);
    };
    const swept = async (name: string, spec: Partial<Sweep<number[]>>): Promise<void> => {
      const { values } = await sweep(view, { clean, corrupted, site, metric, prompt: clean, ...spec } as unknown as Sweep<number[]>);
      expect(values.values.shape).toEqual(of(name).shape);
      expectLike(values.values.data as Float32Array, name);
    };
    const found = [await view.measure(clean, metric), await view.measure(corrupted, metric)].flatMap((rows) => [...rows]);
    expect(relativeDifference(found, of('metric').data)).toBeLessThan(1e-4);
    await swept('activation', { kind: 'activation', by: ['layer', 'head', 'position'] });
    await swept('residual', { kind: 'activation', site: 'blocks.*.residual.pre', by: ['layer', 'position'] });
    await swept('attribution', { kind: 'attribution', by: ['layer', 'head', 'position'] });
    await swept('path', { kind: 'path', by: ['layer', 'head'], to: `blocks.${layers}.attention.query` });
    const loss = { kind: 'loss' } as const;
    await swept('zero', { kind: 'ablation', by: ['layer', 'head'], metric: loss });
    await swept('mean', { kind: 'ablation', by: ['layer', 'head'], metric: loss, with: await mean(view, site, [clean, ids('other')]) });
    await swept('neurons', { kind: 'ablation', site: 'blocks.0.mlp.post', by: ['neuron'], metric: loss });
    const last = async (...changes: Parameters<typeof view.with>[0][]): Promise<Float32Array> =>
      Object.values(await view.with(changes.flat()).capture(clean, 'logits[0, -1]'))[0]?.data as Float32Array;
    const edges = [[5, 2], [-1, 0]] as const; // biome-ignore format: pairs
    expectLike(await last(cut('blocks.1.attention.pattern', edges, { heads: [1] })), 'cut');
    expectLike(await last(cut('blocks.1.attention.pattern', edges, { heads: [1], renormalise: true })), 'cut.renormalised');
    expectLike(await last(add('blocks.0.residual.post', of('direction'), 3)), 'steered');
    await view.dispose();
  });
});
