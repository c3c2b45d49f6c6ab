import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { loadModel } from '#dist/checkpoints/index.js';
import { type Lens, lens, type Prompt, repeatedBlocks, resample, scoreHeads, sweep, zero } from '#dist/lens/index.js';
import type { LanguageModel } from '#dist/models/index.js';
import { temporaryFolder, within } from '../cli/command.js';

// docs/lens.md tells this story: find the induction head of a two-layer model, prove it, watch it form.

const folder = temporaryFolder();
const run = join(folder, 'repeats');
const length = 15; // of the blocks that heads are judged on
const judged = { kind: 'loss', from: length } as const; // the second half, which can be known

describe('the induction head', () => {
  let view: Lens<Prompt, LanguageModel>;
  let rows: Prompt;
  let found: { readonly layer: string; readonly head: number; readonly induction: number }[];
  beforeAll(async () => {
    const { code } = await within(
      'train',
      '--task',
      'repeats',
      '--arch',
      'attention-only',
      '--layers',
      '2',
      '--save-every',
      '100',
      '--keep-every',
      '100',
      '--out',
      run,
      '--json',
    );
    expect(code).toBe(0);
    view = lens(await loadModel(run));
    rows = repeatedBlocks(view.model, { rows: 32, tokens: length, seed: 1 }) as Prompt;
    found = (await within('heads', run, '--sort', 'induction', '--json')).json().heads as typeof found;
  }, 180_000);

  const meanOf = (losses: Float32Array): number => losses.reduce((a, b) => a + b, 0) / losses.length;
  const loss = async (of: Lens<Prompt, LanguageModel>): Promise<number> => meanOf(await of.measure(rows, judged));

  test('is found by its score, in the second layer; a head of the first looks at the token before', async () => {
    expect(found[0]?.induction).toBeGreaterThan(0.8);
    expect(found[0]?.layer).toBe('blocks.1.attention');
    const scores = await scoreHeads(view);
    const before = [0, 1, 2, 3].map((head) => scores.at('blocks.0.attention', head, 'previousToken'));
    expect(Math.max(...before)).toBeGreaterThan(0.4);
  });

  test('the prediction hangs on it: without it the loss rises at least 5 times as much as without the median head', async () => {
    const { values, baseline } = await sweep(view, {
      kind: 'ablation',
      prompt: rows,
      site: '*attention.mixed',
      by: ['layer', 'head'],
      metric: judged,
    });
    expect(baseline).toBeLessThan(0.01);
    const rises = Array.from(values.values.data as Float32Array, (x) => x - baseline).sort((a, b) => a - b);
    const median = ((rises[rises.length / 2 - 1] as number) + (rises[rises.length / 2] as number)) / 2;
    const heads = found.filter(({ induction }) => induction > 0.8);
    const ofInduction = heads.map(
      ({ layer, head }) => values.at(values.axes[0]?.labels.find((l) => String(l).startsWith(layer)) as string, head) - baseline,
    );
    expect(Math.max(...ofInduction)).toBeGreaterThan(5 * median);
  });

  test('patched back into a run without any head of its layer, it restores at least 80%', async () => {
    const { layer, head } = found[0] as (typeof found)[0];
    const without = view.with(zero(`${layer}.mixed`));
    const [clean, lost] = [await loss(view), await loss(without)];
    expect(lost).toBeGreaterThan(2);
    const back = without.with(await resample(view, `${layer}.mixed`, rows, { heads: [head] }));
    expect((lost - (await loss(back))) / (lost - clean)).toBeGreaterThan(0.8);
  });

  test('it forms in a jump, and the loss falls with it', async () => {
    const kept = readdirSync(join(run, 'checkpoints')).sort((a, b) => Number(a.slice(5)) - Number(b.slice(5)));
    expect(kept.length).toBeGreaterThan(10);
    const scores: number[] = [];
    for (const step of kept.slice(0, 8)) {
      const early = await scoreHeads(await loadModel(join(run, 'checkpoints', step)), { scores: ['induction'] });
      scores.push(Math.max(...[0, 1, 2, 3].map((head) => early.at('blocks.1.attention', head, 'induction'))));
    }
    expect(scores[0]).toBeLessThan(0.3);
    expect(scores.at(-1)).toBeGreaterThan(0.8);
    const steps = scores.slice(1).map((x, i) => x - (scores[i] as number));
    expect(Math.max(...steps)).toBeGreaterThan(0.4); // within 100 steps
  });
});
