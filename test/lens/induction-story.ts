import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { loadModel } from '#dist/checkpoints/index.js';
import { type Lens, lens, type Prompt, repeatedBlocks, resample, scoreHeads, sweep, zero } from '#dist/lens/index.js';
import type { LanguageModel } from '#dist/models/index.js';
import { temporaryFolder, within } from '../cli/command.js';

const length = 15; // of the blocks that heads are judged on
const judged = { kind: 'loss', from: length } as const; // the second half, which can be known
const second = 'blocks.1.attention';

/**
 * The story that docs/lens.md tells: find the induction head of a two-layer model, prove it, watch it form.
 * @param flags beside the story's own command
 */
export function inductionStory(flags: readonly string[], timeout: number): void {
  const run = join(temporaryFolder(), 'repeats');
  const train = ['train', '--task', 'repeats', '--arch', 'attention-only', '--layers', '2', '--out', run, '--json'];

  describe('the induction head', () => {
    let view: Lens<Prompt, LanguageModel>;
    let rows: Prompt;
    let induction: readonly number[]; // of the second layer's heads
    let best: number;
    beforeAll(async () => {
      const { code, err } = await within(...train, '--save-every', '25', '--keep-every', '25', ...flags);
      expect(code, err).toBe(0);
      view = lens(await loadModel(run));
      rows = repeatedBlocks(view.model, { rows: 32, tokens: length, seed: 1 }) as Prompt;
      induction = await inductionOf(run);
      best = induction.indexOf(Math.max(...induction));
    }, timeout);

    const loss = async (of: Lens<Prompt, LanguageModel>): Promise<number> =>
      (await of.measure(rows, judged)).reduce((sum, x, _, all) => sum + x / all.length, 0);
    const others = () => induction.map((_, head) => head).filter((head) => head !== best);

    test('is found by its score, which the command tells; a head of the first layer looks at the token before', async () => {
      expect(induction[best]).toBeGreaterThan(0.8);
      const heads = (await within('heads', run, '--sort', 'induction', '--json')).json().heads as { layer: string; induction: number }[];
      expect(heads[0]).toMatchObject({ layer: second, induction: induction[best] });
      const scores = await scoreHeads(view, { scores: ['previousToken'] });
      expect(Math.max(...[0, 1, 2, 3].map((head) => scores.at('blocks.0.attention', head, 'previousToken')))).toBeGreaterThan(0.4);
    });

    test('the prediction is its layer’s: patched back alone into a run without any head of it, it restores at least 80%', async () => {
      const without = view.with(zero(`${second}.mixed`));
      const [clean, lost] = [await loss(view), await loss(without)];
      expect(clean).toBeLessThan(0.05);
      expect(lost).toBeGreaterThan(3);
      const back = without.with(await resample(view, `${second}.mixed`, rows, { heads: [best] }));
      expect((lost - (await loss(back))) / (lost - clean)).toBeGreaterThan(0.8);
    });

    test('without the others, which do the same, ablating it raises the loss at least 5 times as much as ablating the median head', async () => {
      const alone = view.with(zero(`${second}.mixed`, { heads: others() }));
      const of = { kind: 'ablation', prompt: rows, site: '*attention.mixed', by: ['layer', 'head'], metric: judged } as const;
      const { values, baseline } = await sweep(alone, of);
      const rises = Array.from(values.values.data as Float32Array, (x) => x - baseline);
      const sorted = [...rises].sort((a, b) => a - b);
      const median = ((sorted[3] as number) + (sorted[4] as number)) / 2;
      expect(rises).toHaveLength(8);
      expect(rises[4 + best]).toBeGreaterThan(2);
      expect(rises[4 + best]).toBeGreaterThan(5 * Math.abs(median));
    });

    test('it forms in a jump', async () => {
      const kept = readdirSync(join(run, 'checkpoints')).sort((a, b) => Number(a.slice(5)) - Number(b.slice(5)));
      const scores: number[] = [];
      for (const step of kept.slice(0, 12)) scores.push(Math.max(...(await inductionOf(join(run, 'checkpoints', step)))));
      expect(scores.length).toBe(12);
      expect(scores[0]).toBeLessThan(0.3);
      expect(scores.at(-1)).toBeGreaterThan(0.8);
      const leaps = scores.slice(1).map((x, i) => x - (scores[i] as number));
      expect(Math.max(...leaps)).toBeGreaterThan(0.3); // within 25 steps
    });
  });
}

async function inductionOf(folder: string): Promise<number[]> {
  const scores = await scoreHeads(await loadModel(folder), { scores: ['induction'] });
  return [0, 1, 2, 3].map((head) => scores.at(second, head, 'induction'));
}
