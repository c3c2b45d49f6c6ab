import type { Page } from 'playwright-core';
import { expect, test } from 'vitest';
import { numberText, percentText } from '../../../studio/src/scenes/labels.js';
import { within } from '../../cli/command.js';
import { at, type Captured, captured, expectWritten, probabilitiesOf, readout, table } from '../captured.js';
import { at as placeOf, type StudioUnderTest, story } from '../studio.js';

const layer = 1;
const head = 2;
const site = `blocks.${layer}.attention.pattern`;
const sites = 'blocks.*.attention.pattern,logits';
const heads = 4;

const place = (fields: Readonly<Record<string, string>>): string =>
  placeOf({ view: 'compare', layer: String(layer), head: String(head), model: 'run', ...fields });

/** The longest common subsequence by all its prefixes: a second algorithm than the studio's, which goes over suffixes. */
function commonLength(a: string, b: string): number {
  const length = Array.from({ length: a.length + 1 }, () => new Array<number>(b.length + 1).fill(0));
  for (let i = 1; i <= a.length; i++)
    for (let j = 1; j <= b.length; j++) {
      const [above, left, corner] = [length[i - 1]?.[j], length[i]?.[j - 1], length[i - 1]?.[j - 1]] as [number, number, number];
      (length[i] as number[])[j] = a[i - 1] === b[j - 1] ? corner + 1 : Math.max(above, left);
    }
  return length[a.length]?.[b.length] as number;
}

/** Everything that the page says of A, B and A − B, against values computed without it. */
async function checkSides(page: Page, a: Captured, b: Captured, pairs: readonly (readonly [number, number])[]): Promise<void> {
  const side = async (name: string): Promise<void> => {
    await page.getByRole('radio', { name, exact: true }).click();
    await page.locator('#readout [data-value]').waitFor();
  };
  const [own, other] = [a(site), b(site)];
  const difference = (i: number, j: number): number | undefined => {
    const [[qa, qb], [ka, kb]] = [pairs[i], pairs[j]] as [[number, number], [number, number]];
    return ka > qa ? undefined : Math.fround(at(own, 0, head, qa, ka) - at(other, 0, head, qb, kb));
  };
  const causal = (of: Captured) => (i: number, j: number) => (j > i ? undefined : at(of(site), 0, head, i, j));
  for (const [name, wanted, rows] of [
    ['A', causal(a), own.shape[2]],
    ['B', causal(b), other.shape[2]],
    ['A − B', difference, pairs.length],
  ] as const) {
    await side(name);
    await expect.poll(() => page.locator('#stage tbody tr').count()).toBe(rows);
    await expect.poll(async () => (await readout(page)).value).toBe(await expected(wanted));
    expectWritten(await table(page), wanted);
  }

  async function expected(wanted: (i: number, j: number) => number | undefined): Promise<number | undefined> {
    const { query, key } = await readout(page);
    return wanted(query, key);
  }
}

/** The lists beside: what comes next in both, and the heads that are farthest apart. */
async function checkLists(page: Page, a: Captured, b: Captured, pairs: readonly (readonly [number, number])[]): Promise<void> {
  const [p, q] = [probabilitiesOf(a('logits')), probabilitiesOf(b('logits'))];
  const divergence = p.reduce((sum, x, id) => sum + x * Math.log(x / (q[id] as number)), 0);
  const farthest = p.map((x, id) => ({ id, by: Math.abs(x - (q[id] as number)) })).sort((x, y) => y.by - x.by);
  const panel = page.locator('.sides section').first();
  await expect.poll(() => panel.locator('h2').first().textContent()).toContain(numberText(divergence, 3));
  const shown = await panel.locator('ul').first().locator('.number').allTextContents();
  const wanted = farthest.slice(0, 10).map(({ id }) => `${percentText(p[id] as number)}${percentText(q[id] as number)}`);
  expect(shown.map((text) => text.replace(/\s/g, ''))).toEqual(wanted);

  const distances = [0, 1].flatMap((block) => {
    const [own, other] = [a(`blocks.${block}.attention.pattern`), b(`blocks.${block}.attention.pattern`)];
    return Array.from({ length: heads }, (_, h) => {
      const sum = pairs.reduce(
        (all, [qa, qb]) => all + pairs.reduce((row, [ka, kb]) => row + Math.abs(at(own, 0, h, qa, ka) - at(other, 0, h, qb, kb)), 0),
        0,
      );
      return { name: `L${block} H${h}`, distance: sum / 2 / pairs.length };
    });
  });
  distances.sort((x, y) => y.distance - x.distance);
  const list = panel.locator('ul').nth(1);
  expect((await list.locator('.number').allTextContents()).map((text) => text.trim())).toEqual(
    distances.slice(0, 6).map(({ distance }) => numberText(Math.fround(distance), 3)),
  );
  expect((await list.getByRole('button').allTextContents()).map((text) => text.trim())).toEqual(
    distances.slice(0, 6).map(({ name }) => name),
  );
}

export function compareCases(studio: () => StudioUnderTest): void {
  const of = (text: string, folder = 'run'): Promise<Captured> =>
    captured('capture', `${studio().folder}/${folder}`, '--text', text, '--sites', sites);
  const same = Array.from(story, (_, i) => [i, i] as const);

  test('two prompts of one length: every number of A, B and A − B is the one that lens capture writes', async () => {
    const text = story.replaceAll('drum', 'bell');
    const [a, b] = [await of(story), await of(text)];
    const { page, close, complaints } = await studio().open(place({ otherText: text, asTable: '1' }));
    await checkSides(page, a, b, same);
    await checkLists(page, a, b, same);
    expect(complaints).toEqual([]);
    await close();
  });

  test('two prompts of two lengths: A − B is over the tokens that both have', async () => {
    const text = story.replaceAll('Marlow', 'Petra');
    const [a, b] = [await of(story), await of(text)];
    const run = `${studio().folder}/run`;
    const compared = await within('lens', 'compare', run, '--text', story, '--other', text, '--sites', site, '--json');
    const { pairs } = compared.json().alignment as { pairs: [number, number][] };
    expect(pairs).toHaveLength(commonLength(story, text));
    const { page, close, complaints } = await studio().open(place({ otherText: text, asTable: '1' }));
    await expect.poll(() => page.getByText(`${pairs.length} tokens aligned`).count()).toBe(1);
    const apart = `Tokens without a partner: ${story.length - pairs.length} of A, ${text.length - pairs.length} of B.`;
    expect(await page.getByText(apart).count()).toBe(1);
    await checkSides(page, a, b, pairs);
    await checkLists(page, a, b, pairs);
    expect(complaints).toEqual([]);
    await close();
  });

  test.each([
    ['a moment of its training', { otherStep: '20' }, 'run/checkpoints/step-20'],
    ['another model', { otherModel: 'other' }, 'other'],
  ])('a checkpoint against %s: the same text in both', async (_, fields, folder) => {
    const [a, b] = [await of(story), await of(story, folder)];
    const { page, close, complaints } = await studio().open(place({ ...fields, asTable: '1' }));
    await checkSides(page, a, b, same);
    await checkLists(page, a, b, same);
    expect(await page.locator('.notice').allTextContents()).toEqual([]);
    expect(complaints).toEqual([]);
    await close();
  });

  test('what matters: found from the page, the parts and their shares are those of lens sweep', async () => {
    const text = story.replaceAll('drum', 'bell');
    const { page, close, complaints } = await studio().open(place({ otherText: text }));
    const pane = page.locator('.sides section').nth(1);
    await pane.getByRole('button', { name: 'What would it cost?' }).click();
    await expect.poll(() => pane.textContent()).toMatch(/8 runs, about [\d.e−]+ s, [\d.]+ [kM]B\./);
    await pane.getByRole('button', { name: 'Start' }).click();
    await expect.poll(() => pane.getByText('8 of 8').count()).toBe(1);

    // Which token the page measures, it says; which one that is follows from the probabilities.
    const [p, q] = [probabilitiesOf((await of(story))('logits')), probabilitiesOf((await of(text))('logits'))];
    const best = (row: readonly number[]): number => row.indexOf(Math.max(...row));
    const [own, other] = [best(p), best(q)];
    const farthest = p.map((x, id) => Math.abs(x - (q[id] as number)));
    const metric = own === other ? ['--token', `#${best(farthest)}`] : ['--token', `#${own}`, '--against', `#${other}`];
    const flags = ['--text', story, '--other', text, '--sites', '*attention.mixed', '--by', 'layer,head', '--json'];
    const { code, err, json } = await within('lens', 'sweep', `${studio().folder}/run`, ...flags, ...metric);
    expect(code, err).toBe(0);
    const swept = json() as { restored: number[][]; baseline: number; source: number };
    const parts = swept.restored
      .flatMap((row, block) => row.map((share, h) => ({ name: `L${block} H${h}`, share })))
      .sort((x, y) => Math.abs(y.share) - Math.abs(x.share));
    const items = await pane.locator('li').evaluateAll((all) => all.map((item) => item.textContent ?? ''));
    expect(items).toHaveLength(5);
    items.forEach((item, i) => {
      const { name, share } = parts[i] as (typeof parts)[number];
      expect(item).toContain(name);
      expect(Number(/[−\d.e]+\s*$/.exec(item)?.[0].replaceAll('−', '-'))).toBeCloseTo(share, 2);
    });
    const [corrupted, clean] = [swept.baseline, swept.source].map((x) => numberText(x, 3));
    expect(await pane.textContent()).toContain(`0 is B’s own answer (${corrupted}), 1 is A’s (${clean}).`);
    expect(complaints).toEqual([]);
    await close();
  });

  test('a sweep is followed as it goes, and stopped', async () => {
    const text = story.replaceAll('drum', 'bell');
    const { page, close, complaints } = await studio().open(place({ otherText: text }));
    const pane = page.locator('.sides section').nth(1);
    await pane.getByRole('combobox').selectOption('head-position');
    await pane.getByRole('button', { name: 'What would it cost?' }).click();
    await pane.getByRole('button', { name: 'Start' }).waitFor();
    // Within the page: the sweep of a small model is over sooner than a click from outside comes.
    const seen = await page.evaluate(stoppedSweep);
    expect(seen.length).toBeGreaterThan(0);
    await pane.getByRole('button', { name: 'Start' }).waitFor();
    const [done, total] = await pane
      .locator('progress')
      .evaluate((bar) => [(bar as HTMLProgressElement).value, (bar as HTMLProgressElement).max]);
    expect(total).toBe(2 * heads * story.length);
    expect(done).toBeGreaterThan(0);
    expect(done).toBeLessThan(total as number);
    // The server has let go of it: a new one goes to its end.
    await pane.getByRole('button', { name: 'Start' }).click();
    await expect.poll(() => pane.getByText(`${total} of ${total}`).count()).toBe(1);
    expect(complaints).toEqual([]);
    await close();
  });
}

/** In the page: starts the sweep, and stops it once some of it is done; how far it was, each time it said so. */
async function stoppedSweep(): Promise<number[]> {
  const button = (text: string): HTMLButtonElement | undefined =>
    [...document.querySelectorAll<HTMLButtonElement>('.sides button')].find((one) => one.textContent?.trim() === text);
  const seen: number[] = [];
  button('Start')?.click();
  for (let turn = 0; turn < 2000; turn++) {
    await new Promise((resolve) => setTimeout(resolve, 1));
    const done = document.querySelector<HTMLProgressElement>('.sides progress')?.value ?? 0;
    if (done > 0) {
      seen.push(done);
      button('Stop')?.click();
      break;
    }
  }
  return seen;
}
