import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { expect, test } from 'vitest';
import { loadTranslationModel, saveTranslationModel } from '#dist/checkpoints/index.js';
import type { HostArray } from '#dist/core/index.js';
import { createTask } from '#dist/datasets/index.js';
import { readInterventions, translationLens } from '#dist/lens/index.js';
import { type LanguageModel, Transformer } from '#dist/models/index.js';
import { Module } from '#dist/nn/index.js';
import { concat, type Tensor, zeros } from '#dist/ops/index.js';
import { loadTokenizer, saveTokenizer } from '#dist/tokenizers/index.js';
import { adamW, train } from '#dist/train/index.js';
import { numberText } from '../../../studio/src/scenes/labels.js';
import { at as element, expectWritten, listed, probabilitiesOf, readout, table } from '../captured.js';
import type { StudioUnderTest } from '../studio.js';
import { followedBack } from '../way.js';

const length = 6;
const task = createTask('reverse', { length, symbols: 8 });
const start = task.tokenizer.encode('=')[0] as number;
export const source = task.question(7, 0).prompt.slice(0, length);
export const target = [...source].reverse().join('');
/** Encoder, decoder, cross-attention: the third attention that is computed. */
const cross = 2;
const paths = ['encoder.blocks.0.attention', 'decoder.blocks.0.self_attention', 'decoder.blocks.0.cross_attention'] as const;
const site = `${paths[cross]}.pattern`;

/** Rows `source=target` as the two sequences of an encoder–decoder. */
class Rows extends Module implements LanguageModel {
  readonly transformer: Transformer;
  readonly vocabulary = task.tokenizer.size;
  readonly context = 2 * length;

  constructor(transformer: Transformer) {
    super();
    this.transformer = transformer;
  }

  forward(ids: Tensor): Tensor {
    const [from, to] = ids.split(2, 1) as [Tensor, Tensor];
    const logits = this.transformer.forward(from, to);
    return concat([zeros(logits.shape), logits], 1);
  }
}

/** An encoder–decoder that has learned to reverse. */
export async function saveReverser(folder: string): Promise<void> {
  const vocabulary = task.tokenizer.size;
  const sizes = { layers: 1, width: 32, heads: 2, hidden: 64, norm: 'pre', shared: true } as const;
  const transformer = new Transformer({ sourceVocabulary: vocabulary, targetVocabulary: vocabulary, ...sizes });
  await train(new Rows(transformer), {
    data: task.data(),
    steps: 300,
    batch: 64,
    optimizer: adamW({ lr: 5e-3, betas: [0.9, 0.99] }),
  });
  await saveTranslationModel(join(folder, 'reverser'), transformer, { startId: start });
  await saveTokenizer(join(folder, 'reverser'), task.tokenizer);
}

const place = (fields: Readonly<Record<string, string>> = {}): string =>
  new URLSearchParams({ model: 'reverser', source, text: target, layer: String(cross), head: '0', ...fields }).toString();

export function translationCases(studio: () => StudioUnderTest): void {
  const ids = (text: string): number[] => [...task.tokenizer.encode(text)];
  const seen = async (sites: string, to = target, replay?: string) => {
    const folder = join(studio().folder, 'reverser');
    const plain = translationLens(await loadTranslationModel(folder), { tokenizer: await loadTokenizer(folder) });
    const view = replay === undefined ? plain : plain.with(await readInterventions(replay, plain));
    const values = await view.capture({ source: ids(source), target: [start, ...ids(to)] }, sites);
    await view.dispose();
    return values;
  };
  const ready = (page: Page): Promise<void> => page.locator('#readout [data-value]').waitFor();

  test('cross-attention: target and source side by side; every number is the lens’s, and a head looks at the mirrored place', async () => {
    const { page, close, complaints } = await studio().open(place({ form: 'arcs' }));
    await ready(page);
    const captured = await seen('*attention.pattern,*attention.scores,logits');
    const pattern = captured[site] as HostArray;
    expect(pattern.shape).toEqual([1, 2, length + 1, length]);
    // Left the target behind its start, right the source.
    await page.locator('#stage').focus();
    for (let query = length; query >= 0; query--) {
      await expect.poll(async () => (await readout(page)).query).toBe(query);
      const row = Array.from({ length }, (_, key) => element(pattern, 0, 0, query, key));
      const { key, value } = await readout(page);
      expect(key).toBe(row.indexOf(Math.max(...row)));
      expect(value).toBe(row[key]);
      expect((await page.locator('#readout .token').allTextContents()).at(-1)).toBe(source[key]);
      await page.keyboard.press('ArrowUp');
    }
    // The model reverses: place t of the target is made of place length − 1 − t of the source, which some head looks at.
    const mirrored = [0, 1].map((head) =>
      Array.from({ length }, (_, t) => element(pattern, 0, head, t, length - 1 - t)).reduce((sum, w) => sum + w, 0),
    );
    expect(Math.max(...mirrored) / length).toBeGreaterThan(0.6);

    // Encoder, decoder and cross-attention as tables: of the source's tokens, the target's, or both.
    await page.keyboard.press('t');
    for (const [layer, path] of paths.entries()) {
      const grid = page.locator(`[data-head="${layer} 1"]`);
      await grid.click();
      for (const value of ['pattern', 'scores']) {
        const numbers = captured[`${path}.${value}`] as HostArray;
        await expect.poll(() => page.locator('#stage caption').textContent()).toContain(`${path}.${value} [1]`);
        await expect.poll(() => page.locator('#stage tbody tr').count()).toBe(numbers.shape[2]);
        const isCausal = path.includes('self_attention');
        expectWritten(await table(page), (i, j) => (isCausal && j > i ? undefined : element(numbers, 0, 1, i, j)));
        await page.keyboard.press('s');
      }
    }
    const probabilities = probabilitiesOf(captured.logits as HostArray);
    for (const [id, probability] of await listed(page)) expect(probability).toBeCloseTo(probabilities[id] as number, 5);
    expect(complaints).toEqual([]);
    await close();
  });

  test('it writes the target token after token; a cross-attention edge is followed to the source, and cut', async () => {
    const { page, close, complaints, settled } = await studio().open(place({ text: target.slice(0, 1) }));
    await ready(page);
    const count = page.locator('.tokens').first().getByRole('option');
    // The coloured tokens are those looked at: the source's.
    expect(await count.count()).toBe(length);
    await page.locator('.bars .bar').first().click();
    await expect.poll(() => page.locator('#prompt').inputValue()).toBe(target.slice(0, 2));
    await page.locator('#temperature').fill('0');
    await page.getByRole('button', { name: /^Write/ }).click();
    await expect.poll(() => page.locator('#prompt').inputValue(), { timeout: 20_000 }).toMatch(new RegExp(`^${target}`));
    // It would go on for long: who types has the last word.
    await page.locator('#prompt').fill(target.slice(0, 3));
    await page.getByRole('button', { name: /^Write/ }).waitFor();
    await settled();
    expect(await page.locator('#prompt').inputValue()).toBe(target.slice(0, 3));
    await expect.poll(async () => (await readout(page)).query).toBe(3);

    await page.locator('#stage').focus();
    await page.keyboard.press('Enter');
    const way = await followedBack(page);
    expect(way[0]).toContain('cross_attention.pattern');
    expect(way.at(-1)).toMatch(/weight|tokens|position|constant/i);
    await page.getByRole('button', { name: 'Copy as code' }).click();
    await expect.poll(() => page.locator('#side-pane pre').textContent()).toMatch(/headlightjs/);

    await page.getByRole('tab', { name: 'Next token' }).click();
    const before = await listed(page);
    await page.locator('#stage').focus();
    await page.keyboard.press('x');
    await page.locator('.chip').waitFor();
    expect(await page.locator('.chip .name').textContent()).toContain(JSON.stringify(source[(await readout(page)).key]));
    await expect.poll(() => listed(page)).not.toEqual(before);
    await expect.poll(async () => (await readout(page)).value).toBe(0);
    const changed = await listed(page);
    await page.getByRole('tab', { name: 'Change' }).click();
    const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name: 'Save …' }).click()]);
    const file = join(studio().folder, 'reverser-changes.json');
    await download.saveAs(file);
    const { logits } = await seen('logits', target.slice(0, 3), file);
    const wanted = probabilitiesOf(logits as HostArray);
    for (const [id, probability] of changed) expect(probability).toBeCloseTo(wanted[id] as number, 5);
    expect(complaints).toEqual([]);
    await close();
  });

  test('two targets of one source are compared, and what matters is found, head by head', async () => {
    const other = [...target].map((letter, i) => (i === 2 ? [...source].find((x) => x !== letter) : letter)).join('');
    const { page, close, complaints } = await studio().open(place({ view: 'compare', otherText: other }));
    await ready(page);
    const [a, b] = [await seen('*attention.pattern'), await seen('*attention.pattern', other)];
    const { query, key, value } = await readout(page);
    const of = (captured: typeof a): number => element(captured[site] as HostArray, 0, 0, query, key);
    expect(value).toBeCloseTo(of(a) - of(b), 6);
    // The encoder's heads, which see the same source, are no distance apart; the others as far as half the sum of |A − B|.
    const distances = paths.flatMap((path, layer) => {
      const [own, theirs] = [a[`${path}.pattern`], b[`${path}.pattern`]] as [HostArray, HostArray];
      const [rows, columns] = own.shape.slice(2) as [number, number];
      return [0, 1].map((head) => {
        const at = (values: HostArray, i: number): number => values.data[head * rows * columns + i] as number;
        const sum = Array.from({ length: rows * columns }, (_, i) => Math.abs(at(own, i) - at(theirs, i))).reduce((x, y) => x + y, 0);
        return { name: `${'ED×'[layer]}0 H${head}`, distance: sum / 2 / rows };
      });
    });
    distances.sort((x, y) => y.distance - x.distance);
    const list = page.locator('.sides section').first().locator('ul').nth(1).getByRole('listitem');
    const items = (await list.allTextContents()).map((text) => text.replace(/\s+/g, ' ').trim());
    expect(items).toEqual(distances.map(({ name, distance }) => `${name} ${numberText(Math.fround(distance), 3)}`));
    expect(distances.filter(({ distance }) => distance === 0)).toHaveLength(2);
    const pane = page.locator('.sides section').nth(1);
    await pane.getByRole('button', { name: 'What would it cost?' }).click();
    await pane.getByRole('button', { name: 'Start' }).click();
    await expect.poll(() => pane.getByText('6 of 6').count()).toBe(1);
    await page.getByRole('button', { name: 'Heads', exact: true }).click();
    await expect.poll(() => page.locator('tbody tr').count()).toBe(6);
    expect(await page.locator('.notice').allTextContents()).toEqual([]);
    expect(complaints).toEqual([]);
    await close();
  });
}
