#!/usr/bin/env node
// node tools/studio-pictures.mjs FOLDER: photographs every view of the studio over a folder of models, for docs/studio/.
// FOLDER holds a run `stories` with checkpoints, and a model `tale` with a tokenizer of words. Needs Chromium: CHROMIUM_PATH.
import { spawn } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const folder = process.argv[2] ?? '.';
const out = join(root, 'docs/studio');
const tale = 'Once upon a time, there was a little girl named Lily. She had a red ball. One day, Lily';
const other = 'Once upon a time, there was a little boy named Tim. He had a red ball. One day, Tim';
const story = 'Marlow lived by the mill. Marlow found a drum. Marlow';

/** @type {{ name: string, place: Record<string, string>, ready: string, act?: (page: import('playwright-core').Page) => Promise<void> }[]} */
const views = [
  { name: 'read', place: { model: 'tale', text: tale, layer: '2', head: '0' }, ready: '#readout [data-value]' },
  { name: 'arcs', place: { model: 'tale', text: tale, layer: '1', head: '3', form: 'arcs' }, ready: '#readout [data-value]' },
  { name: 'text', place: { model: 'tale', text: tale, layer: '3', head: '6', form: 'text' }, ready: '#readout [data-value]' },
  {
    name: 'why',
    place: {
      model: 'tale',
      text: tale,
      layer: '1',
      head: '3',
      pane: 'why',
      why: '[{"at":"blocks.1.attention.pattern","index":[0,3,26,25]},{"at":"blocks.1.attention.scores","index":[0,3,26,25]}]',
    },
    ready: '#side-pane .equation',
  },
  {
    name: 'change',
    place: { model: 'tale', text: tale, layer: '2', head: '0', query: '27', key: '25', pane: 'change' },
    ready: '#readout [data-value]',
    act: async (page) => {
      // While a hand is on the weight.
      const slider = page.locator('#stage + [role=slider]');
      await slider.evaluate((element) => element.scrollIntoView({ block: innerWidth < 500 ? 'center' : 'nearest' }));
      const grip = await slider.boundingBox();
      if (!grip) throw new Error('no grip');
      const [x, y] = [grip.x + grip.width / 2, grip.y + grip.height / 2];
      await page.mouse.move(x, y);
      await page.mouse.down();
      await page.mouse.move(x, y - 110, { steps: 5 });
      await page.locator('.bars .old').first().waitFor();
    },
  },
  {
    name: 'compare',
    place: { view: 'compare', model: 'tale', text: tale, otherText: other, layer: '2', head: '5' },
    ready: '#readout [data-value]',
  },
  { name: 'heads', place: { view: 'heads', model: 'tale', text: tale }, ready: 'tbody tr' },
  {
    name: 'train',
    place: { view: 'train', model: 'stories', text: story },
    ready: '#moment',
    act: async (page) => {
      await page.getByRole('button', { name: 'Measure' }).click();
      await page.locator('section select').waitFor();
    },
  },
];

const server = spawn(process.execPath, [join(root, 'dist/cli/main.node.js'), 'studio', folder, '--no-open'], {
  stdio: ['ignore', 'pipe', 'ignore'],
});
const url = await new Promise((resolve) => {
  server.stdout.on('data', (/** @type {Buffer} */ chunk) => {
    const found = /http:\S+/.exec(String(chunk))?.[0];
    if (found) resolve(found);
  });
});
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM_PATH ?? '/usr/bin/chromium',
  args: ['--headless', '--no-sandbox', '--disable-gpu', '--disable-background-networking'],
});
for (const [width, height] of /** @type {const} */ ([
  [1280, 800],
  [390, 844],
])) {
  for (const colorScheme of /** @type {const} */ (['light', 'dark'])) {
    const context = await browser.newContext({ viewport: { width, height }, colorScheme, locale: 'en-GB' });
    for (const { name, place, ready, act } of views) {
      const page = await context.newPage();
      await page.goto(`${url}#${new URLSearchParams(place)}`);
      await page.locator(ready).first().waitFor();
      await act?.(page);
      await page.waitForTimeout(1200);
      await page.evaluate(() => (document.activeElement instanceof HTMLElement ? document.activeElement.blur() : undefined));
      // On a narrow page what the picture is of stands below the text.
      const shown = { why: '#side-pane', change: '#stage', arcs: '#stage', text: '#stage' }[name];
      if (width < 500 && shown) await page.locator(shown).evaluate((element) => scrollBy(0, element.getBoundingClientRect().top - 120));
      await page.screenshot({ path: join(out, `${name}-${width}-${colorScheme}.png`) });
      await page.close();
    }
    await context.close();
  }
}
await browser.close();
server.kill('SIGINT');
