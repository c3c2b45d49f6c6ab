import { expect, test } from 'vitest';
import { numberText } from '../../../studio/src/scenes/labels.js';
import { headlight } from '../../cli/command.js';
import { captured, at as element, expectWritten, listed, probabilitiesOf, table } from '../captured.js';
import { at, type StudioUnderTest, story } from '../studio.js';
import { kept } from './keep.js';

const layers = 2;
const heads = 4;

export function readingCases(studio: () => StudioUnderTest): void {
  const folder = (): string => `${studio().folder}/run`;
  const all = (text = story) => captured('capture', folder(), '--text', text, '--sites', '*attention.pattern,*attention.scores,logits');

  test('every cell of every head, before and after softmax, is the number that lens capture writes', async () => {
    const text = story.slice(0, 25);
    const { page, close, complaints } = await studio().open(at({ model: 'run', asTable: '1', text }));
    await page.locator('#readout [data-value]').waitFor();
    const values = await all(text);
    for (let layer = 0; layer < layers; layer++)
      for (let head = 0; head < heads; head++) {
        await page.locator(`[data-head="${layer} ${head}"]`).click();
        for (const value of ['pattern', 'scores']) {
          const site = `blocks.${layer}.attention.${value}`;
          await page.locator('#stage caption', { hasText: `${site} [${head}]` }).waitFor();
          await expect.poll(() => page.locator('#stage tbody tr').count()).toBe(text.length);
          expectWritten(await table(page), (i, j) => (j > i ? undefined : element(values(site), 0, head, i, j)));
          await page.keyboard.press('s');
        }
      }
    expect(complaints).toEqual([]);
    await close();
  });

  test('what comes next, after any token, and what temperature, top-k and top-p leave of it', async () => {
    const logits = (await all())('logits');
    const [temperature, topK, topP] = [0.7, 6, 0.8];
    const sampling = { temperature: String(temperature), topK: String(topK), topP: String(topP) };
    const position = 20;
    const place = { model: 'run', query: String(position), nextAfterQuery: '1', ...sampling };
    const { page, close, complaints } = await studio().open(at(place));
    await expect.poll(async () => (await listed(page)).size).toBe(10);
    const p = probabilitiesOf(logits, position);
    for (const [id, probability] of await listed(page)) expect(probability).toBeCloseTo(p[id] as number, 6);
    const order = p.map((_, id) => id).sort((a, b) => (p[b] as number) - (p[a] as number));
    expect([...(await listed(page)).keys()]).toEqual(order.slice(0, 10));
    const entropy = p.reduce((sum, x) => sum - x * Math.log(x), 0);
    const pane = page.locator('#side-pane');
    expect(await pane.textContent()).toContain(numberText(entropy, 3));

    // Temperature, then the likeliest k, then as many of them as are needed for p: by the definition of each.
    const warm = order.slice(0, topK).map((id) => ({ id, weight: (p[id] as number) ** (1 / temperature) }));
    const sum = warm.reduce((total, { weight }) => total + weight, 0);
    let before = 0;
    const left = warm.filter(({ weight }) => {
      const stays = before < topP;
      before += weight / sum;
      return stays;
    });
    const whole = left.reduce((total, { weight }) => total + weight, 0);
    expect(left.length).toBeGreaterThan(1);
    expect(left.length).toBeLessThan(topK);
    await expect.poll(() => pane.locator('.bars .chosen').count()).toBe(left.length);
    expect(await pane.locator('.bars .fill.out').count()).toBe(10 - left.length);
    const most = p[order[0] as number] as number;
    const marks = await pane.locator('.bars .chosen').evaluateAll((marked) => marked.map((mark) => (mark as HTMLElement).style.left));
    left.forEach(({ weight }, i) => {
      const chosen = weight / whole;
      expect(Number.parseFloat(marks[i] as string)).toBeCloseTo(Math.min(100, (100 * chosen) / Math.max(most, chosen)), 3);
    });
    expect(complaints).toEqual([]);
    await close();
  });

  test('the coloured text writes each weight of the row; of a column, who looks at the token', async () => {
    const pattern = (await all())('blocks.1.attention.pattern');
    const [query, key] = [30, 4];
    const { page, close, complaints } = await studio().open(
      at({ model: 'run', layer: '1', head: '2', form: 'text', query: String(query), key: String(key) }),
    );
    await page.locator('#readout [data-value]').waitFor();
    const written = async (): Promise<string[]> =>
      [...(await kept(page, /SVG/)).matchAll(/<text[^>]*font-size="10"[^>]*>([^<]*)<\/text>/g)].map(([, text]) => text as string);
    const row = Array.from({ length: query + 1 }, (_, j) => element(pattern, 0, 2, query, j));
    const column = Array.from({ length: story.length - key }, (_, i) => element(pattern, 0, 2, key + i, key));
    const as = (numbers: readonly number[], text: readonly string[]): void => {
      expect(text).toHaveLength(numbers.length);
      text.forEach((one, i) => {
        expect(Math.abs(Number(one.replace('−', '-')) - (numbers[i] as number))).toBeLessThanOrEqual(
          0.0501 * (numbers[i] as number) + 0.005,
        );
      });
    };
    as(row, await written());
    await page.locator('#stage').focus();
    await page.keyboard.press('d');
    await page.locator('.tokens').first().getByRole('option').nth(key).click();
    await page
      .getByText(/Who looks at|coloured by/i)
      .first()
      .waitFor();
    await expect.poll(async () => (await written()).length).toBe(column.length);
    as(column, await written());
    expect(complaints).toEqual([]);
    await close();
  });

  test('the scores of heads are those that the command writes; sorted by one, they are in its order', async () => {
    const { page, close, complaints } = await studio().open(at({ model: 'run', view: 'heads' }));
    const { out } = await headlight(studio().folder, 'heads', 'run', '--json');
    const scored = (JSON.parse(out) as { heads: Record<string, number | null>[] }).heads;
    const columns = Object.keys(scored[0] as object).filter((name) => name !== 'layer' && name !== 'head');
    const rows = page.locator('main table tbody tr');
    await expect.poll(() => rows.count(), { timeout: 15_000 }).toBe(layers * heads);
    const cells = await rows.evaluateAll((trs) =>
      trs.map((tr) => Array.from(tr.querySelectorAll('.score'), (cell) => cell.textContent ?? '')),
    );
    cells.forEach((row, i) => {
      columns.forEach((name, column) => {
        const score = scored[i]?.[name] as number | null;
        const wanted = score === null ? '–' : score.toFixed(Math.abs(score) < 10 ? 3 : 1).replace('-', '−');
        expect(row[column], `head ${i}, ${name}`).toBe(wanted);
      });
    });
    const column = columns.indexOf('previousToken');
    await page
      .locator('thead button')
      .nth(column + 1)
      .click();
    const order = scored.map((row, i) => ({ i, score: row.previousToken as number })).sort((a, b) => b.score - a.score);
    const names = order.map(({ i }) => `L${Math.floor(i / heads)} H${i % heads}`);
    await expect.poll(() => rows.locator('th').allTextContents()).toEqual(names);
    await page.getByRole('textbox', { name: /filter/i }).fill('1.2');
    await expect.poll(() => rows.locator('th').allTextContents()).toEqual(['L1 H2']);
    await rows.locator('th button').click();
    await expect.poll(() => page.locator('.chosen').getAttribute('data-head')).toBe('1 2');
    expect(complaints).toEqual([]);
    await close();
  });
}
