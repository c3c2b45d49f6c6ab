import { afterAll, expect, test } from 'vitest';
import { type Captured, value } from '#dist/lens/index.js';
import { memory } from '#dist/runtime/index.js';
import { expectNoMoreMemory } from '../../support/no-more-memory.js';
import { cases, sameBits } from '../models.js';

const before = memory();

afterAll(() => {
  expectNoMoreMemory(before);
});

test.each(Object.entries(cases))('%s: each site replaced by its own value gives the same logits, bit for bit', async (_, make) => {
  const { view, prompt } = make();
  const all: Captured = await view.capture(prompt, '*');
  const { logits } = await view.capture(prompt, 'logits');
  expect(Object.keys(all).length).toBeGreaterThan(3);
  for (const [site, own] of Object.entries(all)) {
    const changed = await view.with(value(site, own)).capture(prompt, 'logits');
    expect(sameBits(changed.logits, logits), site).toBe(true);
  }
  // And all at once.
  const every = view.with(Object.entries(all).map(([site, own]) => value(site, own)));
  expect(sameBits((await every.capture(prompt, 'logits')).logits, logits)).toBe(true);
  await view.dispose();
});
