import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { expect, test } from 'vitest';
import { captured, listed, probabilitiesOf, readout } from '../captured.js';
import { at, type StudioUnderTest, story } from '../studio.js';

/** What the page lists, once it has changed from what it was. */
async function after(page: Page, before: ReadonlyMap<number, number>): Promise<Map<number, number>> {
  await expect.poll(() => listed(page)).not.toEqual(before);
  return listed(page);
}

export function changeCases(studio: () => StudioUnderTest): void {
  test('changes of every kind are saved; loaded again, and replayed by the command, they give the same numbers', async () => {
    const { page, context, complaints, settled, close } = await studio().open(
      at({ model: 'run', layer: '1', head: '1', query: '40', pane: 'change' }),
    );
    await page.locator('#readout [data-value]').waitFor();
    const pane = page.locator('#side-pane');
    const chips = page.locator('.chip');
    const added = async (count: number): Promise<void> => {
      await expect.poll(() => chips.count()).toBe(count);
      await settled();
    };
    await pane.getByRole('button', { name: 'Cut', exact: true }).click();
    await added(1);
    expect((await readout(page)).value).toBe(0);
    await page.locator('#stage').focus();
    await page.keyboard.press('ArrowLeft');
    await pane.getByRole('slider').first().fill('0.5');
    await added(2);
    await expect.poll(async () => (await readout(page)).value).toBeCloseTo(0.5, 6);
    await page.locator('#stage').focus();
    for (const key of ['[', '{']) await page.keyboard.press(key);
    await pane.getByRole('button', { name: 'Off: its mean' }).click();
    await added(3);
    await pane.getByPlaceholder('The other text').fill(story.replaceAll('drum', 'bell'));
    await pane.getByRole('combobox').first().selectOption('stream');
    await pane.getByRole('combobox').nth(1).selectOption('query');
    await pane.locator('form').first().getByRole('button').click();
    await added(4);
    const steer = pane.locator('form').nth(1);
    await steer.getByRole('textbox').first().fill('Marlow');
    await steer.getByRole('textbox').nth(1).fill('Petra');
    await steer.getByRole('button').click();
    await added(5);

    // One is off: it stays out of the file.
    await chips.nth(2).getByRole('switch').click();
    await expect.poll(() => page.locator('.chip.off').count()).toBe(1);
    await page.getByRole('tab', { name: 'Next token' }).click();
    await expect.poll(() => page.locator('.bars .old').count()).toBe(10);
    await settled();
    const changed = await listed(page);

    await page.getByRole('tab', { name: 'Change' }).click();
    const [download] = await Promise.all([page.waitForEvent('download'), pane.getByRole('button', { name: 'Save …' }).click()]);
    const file = join(studio().folder, 'changes.json');
    await download.saveAs(file);
    const saved = JSON.parse(readFileSync(file, 'utf8')) as { interventions: { kind: string }[] };
    expect(saved.interventions.map(({ kind }) => kind)).toEqual(['cut', 'value', 'resample', 'add']);

    const other = await context.newPage();
    await other.goto(`${new URL(page.url()).origin}/#${at({ model: 'run', pane: 'change' })}`);
    await other.locator('[type="file"]').last().setInputFiles(file);
    await expect.poll(() => other.locator('.chip').count()).toBe(4);
    await other.getByRole('tab', { name: 'Next token' }).click();
    await expect.poll(() => other.locator('.bars .old').count()).toBe(10);
    await expect.poll(() => listed(other)).toEqual(changed);

    const replayed = await captured('capture', `${studio().folder}/run`, '--text', story, '--replay', file, '--sites', 'logits');
    const wanted = probabilitiesOf(replayed('logits'));
    for (const [id, probability] of changed) expect(probability).toBeCloseTo(wanted[id] as number, 5);
    const plain = probabilitiesOf((await captured('capture', `${studio().folder}/run`, '--text', story, '--sites', 'logits'))('logits'));
    expect(Math.max(...wanted.map((p, id) => Math.abs(p - (plain[id] as number))))).toBeGreaterThan(0.01);

    // What is no file of changes is told, and changes nothing.
    await other.getByRole('tab', { name: 'Change' }).click();
    await other.locator('[type="file"]').last().setInputFiles(join(studio().folder, 'run/config.json'));
    await other.locator('.notice').filter({ hasText: 'changes' }).waitFor();
    expect(await other.locator('.chip').count()).toBe(4);
    expect(complaints).toEqual([]);
    await close();
  });

  test('the process of a model ends: the page says so, and goes on where it was', async () => {
    const { page, close, complaints } = await studio().open(at({ model: 'other', layer: '1', head: '0' }));
    await page.locator('#readout [data-value]').waitFor();
    const before = await listed(page);
    const { value } = await readout(page);
    process.kill(studio().processOf('other'), 'SIGKILL');
    await page.locator('#prompt').fill(`${story} `);
    await after(page, before);
    await page.locator('#prompt').fill(story);
    await expect.poll(() => listed(page)).toEqual(before);
    process.kill(studio().processOf('other'), 'SIGKILL');
    // Nothing was typed: the numbers that a move asks for are of a run that nobody holds.
    await page.locator('#stage').focus();
    await page.keyboard.press(']');
    await expect.poll(() => page.locator('.chosen').getAttribute('data-head')).toBe('1 1');
    await expect.poll(async () => (await readout(page)).value).not.toBe(value);
    // Whatever the page told, it told of this process.
    for (const text of await page.locator('.notice').allTextContents()) expect(text).toContain('process of this model ended');
    expect(complaints).toEqual([]);
    await close();
  });
}
