import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import type { Download, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readSafetensors } from '#dist/checkpoints/index.js';
import { findChromium } from '../browser/harness.js';
import { start } from '../cli/command.js';
import { at, type StudioUnderTest, startStudio, story } from './studio.js';
import { followedBack } from './way.js';

const built = fileURLToPath(new URL('../../dist/studio/', import.meta.url));
const axe = readFileSync(fileURLToPath(new URL('../../node_modules/axe-core/axe.min.js', import.meta.url)), 'utf8');

test('the page: under 250 kB of JavaScript, gzipped; nothing inline', () => {
  const scripts = readdirSync(join(built, 'assets')).filter((name) => name.endsWith('.js'));
  const bytes = scripts.reduce((sum, name) => sum + gzipSync(readFileSync(join(built, 'assets', name))).length, 0);
  expect(bytes).toBeGreaterThan(20_000);
  expect(bytes).toBeLessThan(250_000);
  const html = readFileSync(join(built, 'index.html'), 'utf8');
  expect(html).not.toMatch(/<style|style=|<script(?![^>]*src=)/);
});

describe.skipIf(findChromium() === undefined)('the studio in Chromium (needs Chromium: CHROMIUM_PATH)', () => {
  let studio: StudioUnderTest;
  let vocabulary = 0;
  /** What `headlight capture` writes for the same text. */
  let captured: Awaited<ReturnType<typeof capture>>;

  beforeAll(async () => {
    studio = await startStudio();
    captured = await capture();
    vocabulary = JSON.parse(readFileSync(join(studio.folder, 'run/config.json'), 'utf8')).vocab_size;
  }, 60_000);
  afterAll(() => studio?.close());

  async function capture() {
    const file = join(studio.folder, 'captured.safetensors');
    const sites = 'blocks.*.attention.pattern,blocks.*.attention.scores,logits';
    const { code, err } = await start(studio.folder, ['capture', 'run', '--text', story, '--sites', sites, '--out', file]).finished;
    expect(code, err).toBe(0);
    const read = await readSafetensors(file);
    const tensors = new Map(await Promise.all(read.names.map(async (name) => [name, await read.load(name)] as const)));
    return (name: string, ...index: number[]): number => tensors.get(name)?.at(...index) as number;
  }

  const value = (page: Page): Promise<number> => page.locator('#readout [data-value]').getAttribute('data-value').then(Number);

  test('opens, reads what is typed, switches heads by keys; every number is the one that capture writes', async () => {
    const { page, requests, complaints, close } = await studio.open();
    await page.locator('#prompt').fill(story);
    const tokens = page.locator('.tokens button');
    await expect.poll(() => tokens.count()).toBe(story.length);
    expect(page.url()).not.toContain('token');
    await page.locator('#stage').focus();
    await page.keyboard.press('}');
    await page.keyboard.press(']');
    await page.keyboard.press(']');
    for (const key of ['ArrowUp', 'ArrowUp', 'ArrowLeft']) await page.keyboard.press(key);
    await expect.poll(() => page.locator('#readout').textContent()).toContain('50');
    const [query, key] = (await page.locator('#readout sub').allTextContents()).map(Number) as [number, number];
    await expect.poll(() => value(page)).toBe(captured('blocks.1.attention.pattern', 0, 2, query, key));
    await page.keyboard.press('s');
    await expect.poll(() => value(page)).toBe(captured('blocks.1.attention.scores', 0, 2, query, key));
    await page.keyboard.press('s');

    // The whole head, as a table.
    await page.keyboard.press('t');
    await page
      .locator('table tbody tr')
      .nth(story.length - 1)
      .waitFor();
    const cells = await page
      .locator('table tbody tr')
      .evaluateAll((rows) => rows.map((row) => Array.from(row.querySelectorAll('td'), (cell) => cell.textContent ?? '')));
    cells.forEach((row, i) => {
      row.forEach((text, j) => {
        const wanted = captured('blocks.1.attention.pattern', 0, 2, i, j);
        if (j > i) expect(text).toBe('');
        else expect(Math.abs(Number(text.replace('−', '-')) - wanted)).toBeLessThanOrEqual(0.00501 * wanted + 1e-9);
      });
    });

    // What comes next: softmax of the last position's logits.
    const last = story.length - 1;
    const logits = Array.from({ length: vocabulary }, (_, v) => captured('logits', 0, last, v));
    const total = logits.reduce((sum, logit) => sum + Math.exp(logit), 0);
    const shown = await page
      .locator('[data-probability]')
      .evaluateAll((all) => all.map((one) => [Number((one as HTMLElement).dataset.id), Number((one as HTMLElement).dataset.probability)]));
    expect(shown).toHaveLength(10);
    for (const [id, probability] of shown as [number, number][]) expect(probability).toBeCloseTo(Math.exp(logits[id] as number) / total, 5);

    expect(complaints).toEqual([]);
    expect(requests.filter((url) => !url.startsWith(new URL(studio.url).origin))).toEqual([]);
    await close();
  });

  test('a cell is followed to the embedding, each step an equation that adds up', async () => {
    const { page, complaints, close } = await studio.open(at({ layer: '1', head: '1' }));
    await page.locator('#readout [data-value]').waitFor();
    await page.locator('#stage').focus();
    await page.keyboard.press('Enter');
    const seen = await followedBack(page);
    expect(seen[0]).toContain('pattern');
    expect(seen[1]).toContain('scores');
    expect(seen.at(-1)).toMatch(/weight|embedding|position/i);
    expect(await page.locator('#side-pane').textContent()).toContain('training made');
    await page.locator('#side-pane').getByRole('button', { name: 'Copy as code' }).click();
    await expect.poll(() => page.locator('#side-pane pre').textContent()).toContain('headlightjs');
    expect(complaints).toEqual([]);
    await close();
  });

  test('an edge that is cut changes what comes next; before and after are shown; undo takes it back, the address keeps it', async () => {
    const { page, context, complaints, close } = await studio.open(at({ layer: '1', head: '0' }));
    await page.locator('[data-probability]').first().waitFor();
    const probabilities = () =>
      page.locator('[data-probability]').evaluateAll((all) => all.map((one) => (one as HTMLElement).dataset.probability));
    const before = await probabilities();
    await page.locator('#stage').focus();
    await page.keyboard.press('x');
    await page.locator('.chip').waitFor();
    await expect.poll(() => page.locator('.bars .old').count()).toBe(10);
    await expect.poll(probabilities).not.toEqual(before);
    await expect.poll(() => value(page)).toBe(0);
    const changed = await probabilities();
    await expect.poll(() => page.url()).toContain('changes=');
    const again = await context.newPage();
    await again.goto(page.url());
    await again.locator('.chip').waitFor();
    await expect
      .poll(() => again.locator('[data-probability]').evaluateAll((all) => all.map((one) => (one as HTMLElement).dataset.probability)))
      .toEqual(changed);
    await page.getByRole('switch').click();
    await expect.poll(probabilities).toEqual(before);
    await page.keyboard.press('Escape');
    await page.getByRole('button', { name: 'Undo' }).click();
    await expect.poll(probabilities).toEqual(changed);
    await page.getByRole('button', { name: 'Undo' }).click();
    await expect.poll(() => page.locator('.chip').count()).toBe(0);
    expect(complaints).toEqual([]);
    await close();
  });

  test('a weight is dragged: what comes next follows while the hand moves; it is one change, and one step back', async () => {
    const { page, complaints, close } = await studio.open(at({ layer: '0', head: '0', query: '40', key: '40' }));
    const probabilities = () =>
      page.locator('[data-probability]').evaluateAll((all) => all.map((one) => (one as HTMLElement).dataset.probability));
    const chip = page.locator('.chip .name');
    const grip = page.getByRole('slider', { name: 'Set its weight' }).first();
    await page.locator('#readout [data-value]').waitFor();
    await page.locator('[data-probability]').first().waitFor();
    const [before, weight] = [await probabilities(), await value(page)];
    const box = (await grip.boundingBox()) as { x: number; y: number; width: number; height: number };
    // The grip, and the cell itself, which ends where the grip of a cell on the diagonal begins.
    const [gripAt, cellAt] = [box.x + box.width / 2, box.x - 8];
    const y = box.y + box.height / 2;
    for (const x of [gripAt, cellAt]) {
      await page.mouse.move(x, y);
      await page.mouse.down();
      await page.mouse.move(x, y - 40, { steps: 4 });
      const wanted = Math.round((weight + 40 / 160) * 1000) / 1000;
      // The hand is still on it.
      await expect.poll(() => chip.textContent()).toContain(`= ${wanted.toFixed(2)}`);
      await expect.poll(() => value(page)).toBeCloseTo(wanted, 6);
      await expect.poll(probabilities).not.toEqual(before);
      expect(await page.locator('.bars .old').count()).toBe(10);
      await page.mouse.move(x, y - 80, { steps: 4 });
      await page.mouse.up();
      await expect.poll(() => value(page)).toBeCloseTo(Math.round((weight + 80 / 160) * 1000) / 1000, 6);
      expect(await chip.count()).toBe(1);
      await page.locator('#stage').focus();
      await page.keyboard.press('z');
      await expect.poll(() => chip.count()).toBe(0);
      await expect.poll(probabilities).toEqual(before);
    }
    // By keys: steps soon after one another are one change, and a second burst moves the same chip.
    for (const presses of [2, 1]) {
      const from = await value(page);
      for (let i = 0; i < presses; i++) await page.keyboard.press('Alt+ArrowUp');
      await expect.poll(() => value(page)).toBeCloseTo(from + presses * 0.05, 2);
      await expect.poll(() => page.locator('.handle.held').count()).toBe(0);
      expect(await chip.count()).toBe(1);
    }
    await page.keyboard.press('z');
    await expect.poll(() => value(page)).toBeCloseTo(weight + 0.1, 2);
    await page.keyboard.press('z');
    await expect.poll(probabilities).toEqual(before);
    expect(complaints).toEqual([]);
    await close();
  });

  test('each format is kept; the card opens without a network, and holds the numbers', async () => {
    const { page, complaints, close } = await studio.open(at({ layer: '1', head: '3' }));
    await page.locator('#readout [data-value]').waitFor();
    const keep = async (name: RegExp): Promise<Download> => {
      await page.locator('#stage').focus();
      await page.keyboard.press('e');
      await page.getByText('SHA-256').waitFor();
      const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name }).click()]);
      return download;
    };
    const text = async (download: Download): Promise<string> => readFileSync((await download.path()) as string, 'utf8');
    const svg = await text(await keep(/SVG/));
    expect(svg).toMatch(/^<svg[\s\S]*<path[\s\S]*<\/svg>\s*$/);
    const png = readFileSync((await (await keep(/PNG/)).path()) as string);
    expect([...png.subarray(1, 4)].map((byte) => String.fromCharCode(byte)).join('')).toBe('PNG');
    const json = JSON.parse(await text(await keep(/JSON/)));
    expect(json.weights.shape).toEqual([story.length, story.length]);
    for (const [i, j] of [
      [0, 0],
      [20, 7],
      [52, 40],
    ] as const)
      expect(Math.fround(json.weights.rows[i][j])).toBe(captured('blocks.1.attention.pattern', 0, 3, i, j));
    const card = await keep(/HTML/);
    expect(complaints).toEqual([]);
    const file = join(studio.folder, 'card.html');
    await card.saveAs(file);
    await close();

    const offline = await studio.browser.newContext({ offline: true });
    const reopened = await offline.newPage();
    const heard: string[] = [];
    reopened.on('console', (message) => heard.push(message.text()));
    reopened.on('request', (request) => heard.push(request.url()));
    await reopened.goto(`file://${file}`);
    expect(await reopened.locator('svg').count()).toBe(2);
    expect(await reopened.locator('body').textContent()).toContain(json.hash);
    expect(JSON.parse((await reopened.locator('#data').textContent()) ?? '')).toEqual(json);
    expect(heard).toEqual([`file://${file}`]);
    await offline.close();
  });

  test('Read works without a mouse', async () => {
    const { page, complaints, close } = await studio.open(at());
    await page.locator('#readout [data-value]').waitFor();
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    expect(await page.evaluate(() => document.activeElement?.id)).toBe('stage');
    await page.keyboard.press('2');
    await expect.poll(() => page.getByRole('radio', { name: 'Arcs' }).getAttribute('aria-checked')).toBe('true');
    await page.keyboard.press('/');
    await page.keyboard.type('layer 1, head 3');
    await page.keyboard.press('Enter');
    await expect.poll(() => page.locator('.chosen').getAttribute('data-head')).toBe('1 3');
    await page.keyboard.press('i');
    await page.keyboard.press('End');
    await page.keyboard.type(' lost');
    await expect.poll(() => page.locator('.tokens button').count()).toBe(story.length + 5);
    await page.keyboard.press('Escape');
    await page.keyboard.press('o');
    await page.locator('.chip').waitFor();
    await page.keyboard.press('z');
    await expect.poll(() => page.locator('.chip').count()).toBe(0);
    // A token is accepted, and the text goes on with it.
    await page.locator('.bars .bar').first().focus();
    await page.keyboard.press('Enter');
    await expect.poll(() => page.locator('.tokens button').count()).toBe(story.length + 6);
    expect(complaints).toEqual([]);
    await close();
  });

  test('what cannot be read is told beside the text, as text', async () => {
    const { page, complaints, close } = await studio.open(at());
    await page.locator('.tokens button').first().waitFor();
    await page.locator('#prompt').fill('<img src=x onerror=document.title=1>');
    await expect.poll(() => page.getByRole('alert').textContent()).toContain('vocabulary');
    expect(await page.locator('img').count()).toBe(0);
    await page.locator('#prompt').fill('x'.repeat(2_000_000));
    await expect
      .poll(() => page.getByRole('alert').allTextContents())
      .toEqual(expect.arrayContaining([expect.stringContaining('2,000,000')]));
    // A model that is not there: its card, and not another model's numbers under its name.
    await page.evaluate(() => {
      location.hash = 'model=elsewhere';
    });
    await expect.poll(() => page.getByRole('alert').textContent()).toContain('elsewhere');
    expect(await page.locator('.tokens').count()).toBe(0);
    expect(complaints).toEqual([]);
    await close();
  });

  test('a run is trained from the page, followed, and scrubbed; a kept moment opens in Read', async () => {
    const { page, complaints, close } = await studio.open('view=train');
    await page.getByRole('button', { name: 'Train a model' }).click();
    await page.locator('summary').click();
    const sizes = { layers: 1, heads: 2, width: 16, context: 32, batch: 4, steps: 40, keepEvery: 20, evalEvery: 40, saveEvery: 20 };
    for (const [name, size] of Object.entries(sizes)) {
      await page.getByLabel(name, { exact: true }).fill(String(size));
    }
    await expect.poll(() => page.getByText(/parameters, a vocabulary of/).count(), { timeout: 20_000 }).toBe(1);
    await page.getByRole('button', { name: 'Start training' }).click();
    await expect.poll(() => page.locator('.state').textContent(), { timeout: 30_000 }).toContain('done');
    await expect.poll(() => page.locator('#moment').getAttribute('max')).toBe('1');
    await page.locator('#moment').focus();
    await page.keyboard.press('ArrowLeft');
    await expect.poll(() => page.locator('.scrubber output').textContent()).toBe('step 20');
    await page.getByRole('button', { name: 'Open this moment' }).click();
    await page.locator('#readout [data-value]').waitFor();
    await expect.poll(() => page.url()).toContain('step=20');
    expect(complaints).toEqual([]);
    await close();
  }, 90_000);

  test('two tabs at two moments of a run do not disturb each other', async () => {
    const [one, two] = await Promise.all([studio.open(at({ step: '20', layer: '1' })), studio.open(at({ layer: '1' }))]);
    await Promise.all([one, two].map(({ page }) => page.locator('#readout [data-value]').waitFor()));
    const [early, late] = await Promise.all([value(one.page), value(two.page)]);
    const index = async (page: Page) => (await page.locator('#readout sub').allTextContents()).map(Number) as [number, number];
    expect(late).toBe(captured('blocks.1.attention.pattern', 0, 0, ...(await index(two.page))));
    expect(early).not.toBe(captured('blocks.1.attention.pattern', 0, 0, ...(await index(one.page))));
    await one.close();
  });

  test('axe finds nothing serious in any view, light and dark', async () => {
    // Axe looks at every token and every cell: of few it says what it says of many.
    const text = story.slice(0, 25);
    const { page, close } = await studio.open(at({ text, pane: 'change', otherText: text.replace('Marlow', 'Petra') }), {
      bypassCSP: true,
    });
    await page.locator('#readout [data-value]').waitFor();
    await page.evaluate(axe);
    const serious: string[] = [];
    const look = async (name: string): Promise<void> => {
      const { violations } = (await page.evaluate("axe.run({ resultTypes: ['violations'] })")) as {
        violations: { id: string; impact: string; nodes: { html: string }[] }[];
      };
      for (const { id, impact, nodes } of violations)
        if (impact === 'serious' || impact === 'critical')
          serious.push(`${name}: ${id}: ${nodes.map(({ html }) => html.slice(0, 160)).join(' | ')}`);
    };
    await look('read, change');
    await page.emulateMedia({ colorScheme: 'dark' });
    await page.getByRole('tab', { name: 'Next token' }).click();
    await look('read, next, dark');
    await page.keyboard.press('Enter');
    await page.getByRole('tab', { name: 'Why' }).click();
    await page.getByRole('button', { name: 'Why this cell?' }).click();
    await page.locator('#side-pane .equation').waitFor();
    await look('read, why, dark');
    for (const [view, shown] of [
      ['Heads', 'tbody tr'],
      ['Compare', '.tracks'],
      ['Train', '#moment'],
    ] as const) {
      await page.getByRole('button', { name: view, exact: true }).click();
      await page.locator(shown).first().waitFor();
      await look(`${view}, dark`);
      await page.emulateMedia({ colorScheme: view === 'Heads' ? 'light' : 'dark' });
      if (view === 'Heads') await look(`${view}, light`);
    }
    expect(serious).toEqual([]);
    await close();
  });

  test('Chinese: the whole page', async () => {
    const { page, close } = await studio.open(at(), { locale: 'zh-CN' });
    await page.getByRole('button', { name: '阅读' }).waitFor();
    expect(await page.locator('html').getAttribute('lang')).toBe('zh-Hans');
    await page.getByText('接下来是什么').waitFor();
    expect(existsSync(built)).toBe(true);
    await close();
  });
});
