import type { Page } from 'playwright-core';
import { expect } from 'vitest';

/** Follows what is explained beside the view back to where it ends; what each step is called. */
export async function followedBack(page: Page, most = 14): Promise<string[]> {
  const heading = page.locator('#side-pane h2');
  const seen: string[] = [];
  for (let step = 0; step < most; step++) {
    await expect.poll(() => page.locator('#side-pane .way [aria-current]').count()).toBe(1);
    await expect.poll(() => heading.textContent()).not.toBe(seen.at(-1));
    seen.push((await heading.textContent()) ?? '');
    if ((await page.locator('#side-pane .leaf').count()) > 0) break;
    // The first operand of a sum, else what the equation names: the way of the token, not that of a bias.
    const operand = page.locator('#side-pane td button').first();
    const next = '#side-pane .equation button, #side-pane .arguments button, #side-pane .parts button';
    await ((await operand.count()) > 0 ? operand : page.locator(next).first()).click();
  }
  return seen;
}
