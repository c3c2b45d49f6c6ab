import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Page } from 'playwright-core';
import { expect, test } from 'vitest';
import { saveImageModel } from '#dist/checkpoints/index.js';
import { preprocessBatch, readImage, readPreprocessing } from '#dist/datasets/index.js';
import { ViT } from '#dist/models/index.js';
import { enlarged } from '../../lens/models.js';
import { captured, at as element, expectWritten, listed, probabilitiesOf, readout, table } from '../captured.js';
import type { StudioUnderTest } from '../studio.js';

const fixture = (name: string): string => fileURLToPath(new URL(`../../fixtures/images/${name}`, import.meta.url));
const photo = fixture('jpeg-444.jpg');
const rows = 3;
const special = 1;
const place = (fields: Readonly<Record<string, string>> = {}): string => new URLSearchParams({ model: 'vit', ...fields }).toString();

/** A ViT that crops: what it sees is not the whole image. */
export async function saveViT(folder: string): Promise<void> {
  const labels = ['ant', 'bee', 'cat', 'dog', 'elk', 'fox'];
  const model = enlarged(new ViT({ image: 24, patch: 8, layers: 2, heads: 2, width: 16, labels }));
  const preprocessor = {
    do_resize: true,
    size: { shortest_edge: 32 },
    do_center_crop: true,
    crop_size: { height: 24, width: 24 },
    do_normalize: true,
    image_mean: [0.5, 0.4, 0.3],
    image_std: [0.2, 0.3, 0.4],
  };
  await saveImageModel(join(folder, 'vit'), model, { preprocessor });
  copyFileSync(photo, join(folder, 'photo.jpg'));
}

export function imageCases(studio: () => StudioUnderTest): void {
  const of = (sites: string, ...more: readonly string[]) =>
    captured('capture', join(studio().folder, 'vit'), '--image', photo, '--sites', sites, ...more);
  const choose = async (page: Page, file = photo): Promise<void> => {
    await page.locator('[type="file"]').first().setInputFiles(file);
    await page.locator('#readout [data-value]').waitFor();
  };

  test('an image: its patches, what each looks at, and what the model sees in it; every number is lens capture’s', async () => {
    const { page, close, complaints } = await studio().open(place({ layer: '1', head: '1' }));
    await choose(page);
    const tokens = page.locator('.tokens').first().getByRole('option');
    expect(await tokens.count()).toBe(special + rows * rows);
    await expect.poll(() => page.getByRole('radio', { name: 'Image', exact: true }).getAttribute('aria-checked')).toBe('true');

    // A patch is chosen by the mouse, the next ones by keys.
    const captures = await of('blocks.*.attention.pattern,blocks.*.attention.scores,logits');
    const pattern = captures('blocks.1.attention.pattern');
    const stage = page.locator('#stage');
    const canvas = stage.locator('canvas');
    const { width, height } = (await canvas.boundingBox()) as { width: number; height: number };
    await canvas.click({ position: { x: width * 0.5, y: height * 0.2 } });
    const centreTop = special + 1;
    await expect.poll(async () => (await readout(page)).query).toBe(centreTop);
    await stage.focus();
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('ArrowRight');
    const query = special + rows + 2;
    await expect.poll(async () => (await readout(page)).query).toBe(query);
    await expect.poll(async () => (await readout(page)).value).toBe(element(pattern, 0, 1, query, (await readout(page)).key));
    const row = Array.from({ length: special + rows * rows }, (_, k) => element(pattern, 0, 1, query, k));
    expect((await readout(page)).key).toBe(row.indexOf(Math.max(...row)));

    // Every patch has the colour of its weight: the darkest is the one most looked at.
    const inks = await canvas.evaluate(inksOf, rows);
    const patches = row.slice(special);
    expect(inks.indexOf(Math.max(...inks))).toBe(patches.indexOf(Math.max(...patches)));
    expect(inks.indexOf(Math.min(...inks))).toBe(patches.indexOf(Math.min(...patches)));

    // Beside it is the picture as the model sees it: cropped.
    const picture = page.locator('.stage > canvas');
    expect(await picture.boundingBox()).toMatchObject({ width, height });
    const seen = await picture.evaluate(coloursOf, rows);
    const preprocessing = await readPreprocessing(join(studio().folder, 'vit'));
    const { data } = preprocessBatch(await readImage(photo), preprocessing, 3);
    const { mean, deviation } = preprocessing.normalise as { mean: readonly number[]; deviation: readonly number[] };
    seen.forEach((colours, patch) => {
      colours.forEach((colour, c) => {
        const [top, left] = [Math.floor(patch / rows) * 8, (patch % rows) * 8];
        const pixels = Array.from({ length: 64 }, (_, i) => data[c * 576 + (top + Math.floor(i / 8)) * 24 + left + (i % 8)] as number);
        const value = 255 * ((pixels.reduce((sum, x) => sum + x, 0) / 64) * (deviation[c] as number) + (mean[c] as number));
        expect(Math.abs(colour - value), `patch ${patch}, colour ${c}`).toBeLessThan(6);
      });
    });

    // What it shows, and the table, of scores too.
    const probabilities = probabilitiesOf(captures('logits'));
    const shown = await listed(page);
    expect(shown.size).toBe(6);
    for (const [id, probability] of shown) expect(probability).toBeCloseTo(probabilities[id] as number, 6);
    const best = probabilities.indexOf(Math.max(...probabilities));
    expect(await page.locator('.bars .label').first().textContent()).toBe(['ant', 'bee', 'cat', 'dog', 'elk', 'fox'][best]);
    await page.keyboard.press('t');
    await expect.poll(() => page.locator('#stage tbody tr').count()).toBe(row.length);
    expectWritten(await table(page), (i, j) => element(pattern, 0, 1, i, j));
    await page.keyboard.press('s');
    await expect.poll(() => page.locator('#stage caption').textContent()).toContain('scores');
    expectWritten(await table(page), (i, j) => element(captures('blocks.1.attention.scores'), 0, 1, i, j));
    expect(complaints).toEqual([]);
    await close();
  });

  test('an image: changes are made, explained and kept as for texts; another image takes the place of the first', async () => {
    const { page, complaints, close } = await studio().open(place({ layer: '0', head: '0', query: '3' }));
    await choose(page);
    const before = await listed(page);
    await page.locator('#stage').focus();
    await page.keyboard.press('o');
    await page.locator('.chip').waitFor();
    await expect.poll(() => listed(page)).not.toEqual(before);
    const changed = await listed(page);
    await page.getByRole('tab', { name: 'Change' }).click();
    const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name: 'Save …' }).click()]);
    const file = join(studio().folder, 'vit-changes.json');
    await download.saveAs(file);
    const replayed = probabilitiesOf((await of('logits', '--replay', file))('logits'));
    for (const [id, probability] of changed) expect(probability).toBeCloseTo(replayed[id] as number, 6);
    await page.getByRole('button', { name: 'Undo' }).click();
    await expect.poll(() => page.locator('.chip').count()).toBe(0);

    await page.locator('#stage').focus();
    await page.keyboard.press('Enter');
    await expect.poll(() => page.locator('#side-pane h2').textContent()).toContain('pattern');
    await page.getByRole('button', { name: 'Copy as code' }).click();
    await expect.poll(() => page.locator('#side-pane pre').textContent()).toContain('imageLens');

    await page.getByRole('tab', { name: 'Next token' }).click();
    await choose(page, fixture('png-type2-depth8.png'));
    await expect.poll(() => listed(page)).not.toEqual(before);
    const other = await captured('capture', join(studio().folder, 'vit'), '--image', fixture('png-type2-depth8.png'), '--sites', 'logits');
    const wanted = probabilitiesOf(other('logits'));
    for (const [id, probability] of await listed(page)) expect(probability).toBeCloseTo(wanted[id] as number, 6);
    // What is no image is told, and does not end anything.
    await page.locator('[type="file"]').first().setInputFiles(join(studio().folder, 'vit/config.json'));
    await expect.poll(() => page.getByRole('alert').first().textContent()).toMatch(/PNG|JPEG/);
    await choose(page);
    await expect.poll(() => listed(page)).toEqual(before);
    expect(await page.getByRole('alert').count()).toBe(0);
    // The other views of such a model.
    await page.getByRole('button', { name: 'Heads', exact: true }).click();
    await expect.poll(() => page.locator('tbody tr').count()).toBe(4);
    await page.getByRole('button', { name: 'Compare', exact: true }).click();
    await page.getByText('A and B are the same run').waitFor();
    expect(await page.locator('.notice').allTextContents()).toEqual([]);
    expect(complaints).toEqual([]);
    await close();
  });
}

/** In the page: how far each patch's middle is from the panel's colour. */
function inksOf(canvas: HTMLCanvasElement | SVGElement, across: number): number[] {
  const { width, height } = canvas as HTMLCanvasElement;
  const context = (canvas as HTMLCanvasElement).getContext('2d') as CanvasRenderingContext2D;
  const { data } = context.getImageData(0, 0, width, height);
  return Array.from({ length: across * across }, (_, patch) => {
    const x = Math.round(((patch % across) + 0.5) * (width / across));
    const y = Math.round((Math.floor(patch / across) + 0.5) * (height / across));
    const [r = 0, g = 0, b = 0, a = 0] = data.subarray(4 * (y * width + x));
    return (a / 255) * (3 * 255 - r - g - b);
  });
}

/** In the page: the mean colour of each patch. */
function coloursOf(canvas: HTMLCanvasElement | SVGElement, across: number): number[][] {
  const { width, height } = canvas as HTMLCanvasElement;
  const context = (canvas as HTMLCanvasElement).getContext('2d') as CanvasRenderingContext2D;
  const [w, h] = [Math.floor(width / across), Math.floor(height / across)];
  const { data } = context.getImageData(0, 0, width, height);
  return Array.from({ length: across * across }, (_, patch) =>
    [0, 1, 2].map((c) => {
      let sum = 0;
      for (let i = 0; i < w * h; i++) {
        const [x, y] = [(patch % across) * w + (i % w), Math.floor(patch / across) * h + Math.floor(i / w)];
        sum += data[4 * (y * width + x) + c] as number;
      }
      return sum / (w * h);
    }),
  );
}
