import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Download, Page } from 'playwright-core';
import { expect, test } from 'vitest';
import { percentText } from '../../../studio/src/scenes/labels.js';
import { captured, at as element, listed, probabilitiesOf } from '../captured.js';
import { at, type StudioUnderTest, story } from '../studio.js';

const { version } = JSON.parse(readFileSync(fileURLToPath(new URL('../../../package.json', import.meta.url)), 'utf8'));
const site = 'blocks.1.attention.pattern';
const head = 3;

async function keep(page: Page, name: RegExp): Promise<Download> {
  await page.getByRole('button', { name: 'Keep', exact: true }).click();
  const button = page.getByRole('dialog').getByRole('button', { name });
  await expect.poll(() => button.isEnabled()).toBe(true);
  const [download] = await Promise.all([page.waitForEvent('download'), button.click()]);
  return download;
}

/** The text of a file that the page gives. */
export async function kept(page: Page, name: RegExp): Promise<string> {
  return readFileSync((await (await keep(page, name)).path()) as string, 'utf8');
}

export function keepCases(studio: () => StudioUnderTest): void {
  test('a changed run is kept: the card says which model, prompt, changes and versions, and holds the changed numbers', async () => {
    const { page, context, complaints, settled, close } = await studio().open(
      at({ model: 'run', layer: '1', head: String(head), query: '30', key: '12' }),
    );
    await page.locator('#readout [data-value]').waitFor();
    await page.locator('#stage').focus();
    await page.keyboard.press('x');
    await expect.poll(() => page.locator('#readout [data-value]').getAttribute('data-value')).toBe('0');
    await page.keyboard.press('[');
    await page.keyboard.press('o');
    await expect.poll(() => page.locator('.chip').count()).toBe(2);
    await page.keyboard.press(']');
    await expect.poll(() => page.locator('.bars .old').count()).toBe(10);
    await settled();
    const probabilities = await listed(page);
    const names = await page.locator('.chip .name').allTextContents();

    const json = JSON.parse(await kept(page, /JSON/));
    const weights = readFileSync(join(studio().folder, 'run/model.safetensors'));
    expect(json.hash).toBe(createHash('sha256').update(weights).digest('hex'));
    expect(json).toMatchObject({ model: 'run', type: 'gpt2', prompt: story, changes: names, site, layer: 1, head });
    expect(json.versions).toMatchObject({ headlight: version, node: process.version });
    expect(json.queries.map(({ text }: { text: string }) => text.replace('·', ' ')).join('')).toBe(story);
    for (const { id, probability } of json.next) expect(probability).toBe(probabilities.get(id));

    // The changes as they stand in the file make the same numbers elsewhere.
    const file = join(studio().folder, 'kept-changes.json');
    writeFileSync(file, json.changesJson);
    const sites = `${site},logits`;
    const changed = await captured('capture', `${studio().folder}/run`, '--text', story, '--replay', file, '--sites', sites);
    for (let i = 0; i < story.length; i++)
      for (let j = 0; j <= i; j++) expect(json.weights.rows[i][j]).toBeCloseTo(element(changed(site), 0, head, i, j), 5);
    expect(json.weights.rows[30][12]).toBe(0);
    const wanted = probabilitiesOf(changed('logits'));
    for (const [id, probability] of probabilities) expect(probability).toBeCloseTo(wanted[id] as number, 5);

    const card = await keep(page, /HTML/);
    const path = join(studio().folder, 'changed.html');
    await card.saveAs(path);
    const offline = await studio().browser.newContext({ offline: true });
    const reopened = await offline.newPage();
    const heard: string[] = [];
    reopened.on('console', (message) => heard.push(message.text()));
    reopened.on('request', (request) => heard.push(request.url()));
    await reopened.goto(`file://${path}`);
    const told = new Map<string, string>();
    const [terms, texts] = [await reopened.locator('dt').allTextContents(), await reopened.locator('dd').allTextContents()];
    terms.forEach((term, i) => {
      told.set(term, texts[i] as string);
    });
    expect(Object.fromEntries(told)).toMatchObject({
      Model: 'run (gpt2)',
      Parameters: json.parameters.toLocaleString('en'),
      'SHA-256 of its weights': json.hash,
      Prompt: story,
      Changes: names.join('\n'),
      Versions: `headlight ${version}, node ${process.version}`,
    });
    expect(await reopened.locator('li').allTextContents()).toEqual(json.description);
    expect(json.description).toHaveLength(5);
    expect(json.description[0]).toBe(`One run on ${story.length} tokens, with 2 changes.`);
    const row = json.weights.rows[30] as number[];
    const strongest = row.indexOf(Math.max(...row));
    expect(json.description[3]).toContain(
      `attends most to ${JSON.stringify(story[strongest])} (${(100 * (row[strongest] as number)).toFixed(0)}%)`,
    );
    // The bars of what comes next are drawn with their numbers.
    const bars = await reopened.locator('svg').nth(1).textContent();
    for (const probability of [...probabilities.values()].slice(0, 3)) expect(bars).toContain(percentText(probability));
    expect(JSON.parse((await reopened.locator('#data').textContent()) ?? '')).toEqual(json);
    expect(heard).toEqual([`file://${path}`]);
    await offline.close();

    // Its address makes the view again, with the changes.
    const again = await context.newPage();
    await again.goto(`${new URL(page.url()).origin}/${told.get('View')}`);
    await expect.poll(() => listed(again)).toEqual(probabilities);
    expect(complaints).toEqual([]);
    await close();
  });

  test('a picture: the SVG is well-formed and the PNG is the same at twice the size', async () => {
    const { page, context, close } = await studio().open(at({ model: 'run', layer: '1', head: String(head) }));
    await page.locator('#readout [data-value]').waitFor();
    const svg = await kept(page, /SVG/);
    // In a page of no policy: the studio's own lets nothing be parsed.
    const bare = await context.newPage();
    const size = await bare.evaluate((text) => {
      const { documentElement } = new DOMParser().parseFromString(text, 'image/svg+xml');
      const broken = documentElement.querySelector('parsererror')?.textContent;
      return { broken, width: Number(documentElement.getAttribute('width')), height: Number(documentElement.getAttribute('height')) };
    }, svg);
    expect(size.broken).toBeUndefined();
    const png = readFileSync((await (await keep(page, /PNG/)).path()) as string);
    expect(png.subarray(12, 16).toString('latin1')).toBe('IHDR');
    expect([png.readUInt32BE(16), png.readUInt32BE(20)]).toEqual([Math.round(2 * size.width), Math.round(2 * size.height)]);
    await close();
  });

  test.each([
    ['heads', 'tbody tr', (kept: { numbers: { heads: unknown[] } }) => kept.numbers.heads.length, 8],
    ['compare', '.tracks', (kept: { weights: { shape: number[] } }) => kept.weights.shape[0], story.length],
    ['train', '#moment', (kept: { curves: object }) => Object.keys(kept.curves).length > 0, true],
  ] as const)('the view %s is kept too, as a picture and as its numbers', async (view, shown, sizeOf, size) => {
    const other = story.replaceAll('drum', 'bell');
    const { page, close, complaints, settled } = await studio().open(at({ model: 'run', view, otherText: other }));
    await page.locator(shown).first().waitFor();
    await expect.poll(() => page.getByRole('button', { name: 'Keep', exact: true }).isEnabled()).toBe(true);
    await settled();
    expect(await kept(page, /SVG/)).toMatch(/^<svg[\s\S]*<(?:path|rect)[\s\S]*<\/svg>\s*$/);
    expect(sizeOf(JSON.parse(await kept(page, /JSON/)))).toBe(size);
    expect(complaints).toEqual([]);
    await close();
  });
}
