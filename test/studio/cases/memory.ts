import { readFileSync } from 'node:fs';
import type { CDPSession } from 'playwright-core';
import { expect } from 'vitest';
import { at, type StudioUnderTest, story } from '../studio.js';

/** What is held after a number of edits, after a collection: megabytes, and counts of the page's nodes and listeners. */
export interface Held {
  readonly edits: number;
  readonly heap: number;
  readonly nodes: number;
  readonly listeners: number;
  /** The process of the model: its resident memory. */
  readonly engine: number;
}

/**
 * Edits the text and an edge's weight by turns, each edit once what the one before changed is drawn, and looks at memory
 * after some counts of edits.
 */
export async function heldOver(studio: StudioUnderTest, counts: readonly number[]): Promise<Held[]> {
  const { page, context, complaints, close } = await studio.open(
    at({ model: 'run', layer: '1', head: '1', query: '30', pane: 'next' }),
    {},
  );
  await page.locator('#readout [data-value]').waitFor();
  const client = await context.newCDPSession(page);
  await client.send('Performance.enable');
  const held: Held[] = [];
  let done = 0;
  for (const count of counts) {
    const late = await page.evaluate(edited, { from: done, to: count, story });
    expect(late, 'edits that were not drawn within 5 s').toEqual([]);
    done = count;
    held.push({ edits: done, ...(await pageMemory(client)), engine: residentOf(studio.processOf('run')) });
  }
  expect(await page.locator('.notice').allTextContents()).toEqual([]);
  expect(complaints).toEqual([]);
  await close();
  return held;
}

async function pageMemory(client: CDPSession): Promise<Omit<Held, 'edits' | 'engine'>> {
  // Twice: what a collection finalises may hold more.
  for (let i = 0; i < 2; i++) await client.send('HeapProfiler.collectGarbage');
  const { metrics } = await client.send('Performance.getMetrics');
  const of = (name: string): number => metrics.find((metric) => metric.name === name)?.value ?? Number.NaN;
  return { heap: of('JSHeapUsedSize') / 2 ** 20, nodes: of('Nodes'), listeners: of('JSEventListeners') };
}

function residentOf(pid: number): number {
  const kilobytes = /VmRSS:\s*(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return Number(kilobytes) / 1024;
}

/**
 * In the page: edits by the means that people have, without a wait that is not needed. Of three edits one takes letters away
 * or puts them back, one writes others of the same number, and one sets the weight of the chosen edge.
 * @returns the edits whose outcome did not come
 */
async function edited({ from, to, story }: { from: number; to: number; story: string }): Promise<number[]> {
  const late: number[] = [];
  const drawn = async (is: () => boolean): Promise<boolean> => {
    const start = performance.now();
    while (!is()) {
      if (performance.now() - start > 5000) return false;
      await new Promise(requestAnimationFrame);
    }
    return true;
  };
  const find = <E extends HTMLElement>(selector: string): E => document.querySelector<E>(selector) as E;
  const bars = (): string => document.querySelector('.bars')?.textContent ?? '';
  const write = (text: string): (() => boolean) => {
    const before = bars();
    const isOther = text !== find<HTMLTextAreaElement>('#prompt').value;
    find<HTMLTextAreaElement>('#prompt').value = text;
    find('#prompt').dispatchEvent(new Event('input', { bubbles: true }));
    return () => document.querySelectorAll('.tokens button').length === text.length && (!isOther || bars() !== before);
  };
  const setWeight = async (weight: number): Promise<() => boolean> => {
    find('#tab-change').click();
    // A weight can be moved once it is known.
    await drawn(
      () => document.querySelector('#side-pane input[type=range]') !== null && document.querySelector('#readout [data-value]') !== null,
    );
    const slider = find<HTMLInputElement>('#side-pane input[type=range]');
    slider.value = String(weight);
    slider.dispatchEvent(new Event('input', { bubbles: true }));
    slider.dispatchEvent(new Event('change', { bubbles: true }));
    // Let go, and computed.
    const isLeft = (): boolean => document.querySelector('.chip') !== null && document.querySelector('.held') === null;
    return () => isLeft() && Math.abs(Number(find('#readout [data-value]')?.dataset.value) - weight) < 1e-6;
  };
  for (let edit = from; edit < to; edit++) {
    const kind = edit % 4;
    if (kind === 0) {
      const shorter = story.slice(0, story.length - 1 - ((edit >> 2) % 8));
      if (!(await drawn(write(shorter)))) late.push(edit);
    } else if (kind === 1) {
      const letters = [...'abdehilmnorstu'];
      const other = story.slice(0, -2) + letters[edit % 14] + letters[(edit * 5) % 13];
      if (!(await drawn(write(other)))) late.push(edit);
    } else if (kind === 2) {
      if (!(await drawn(await setWeight(((edit >> 2) % 97) / 100 + 0.01)))) late.push(edit);
    } else {
      // Away with it again, as a person would.
      document.querySelector<HTMLElement>('.chip .remove')?.click();
      if (!(await drawn(() => document.querySelector('.chip') === null && document.querySelector('#readout [data-value]') !== null)))
        late.push(edit);
      find('#tab-next').click();
      if (!(await drawn(() => document.querySelector('.bars') !== null))) late.push(edit);
    }
  }
  return late;
}
