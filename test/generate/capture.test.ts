import { describe, expect, test } from 'vitest';
import type { HostArray } from '#dist/core/index.js';
import { generate, generateBatch } from '#dist/generate/index.js';
import { lens } from '#dist/lens/index.js';
import { MeanModel, wanderingModel } from './models.js';

/** The values of a site at one token, from a run over the whole text: the row of that token, without keys that come later. */
function atToken(value: HostArray, site: string, token: number): number[] {
  const tokenAxis = /query|key|value|scores|pattern/.test(site) ? 2 : 1;
  const outer = value.shape.slice(1, tokenAxis).reduce((a, b) => a * b, 1);
  const length = value.shape[tokenAxis] as number;
  const inner = value.shape.slice(tokenAxis + 1).reduce((a, b) => a * b, 1);
  const kept = /scores|pattern/.test(site) ? token + 1 : inner;
  return Array.from({ length: outer }, (_, o) => {
    const from = (o * length + token) * inner;
    return Array.from(value.data.slice(from, from + kept) as Float32Array);
  }).flat();
}

/** max |a − b| / max |b| */
function distance(a: ArrayLike<number>, b: readonly number[]): number {
  expect(a.length).toBe(b.length);
  return Math.max(...b.map((x, i) => Math.abs(x - (a[i] as number)))) / Math.max(...b.map(Math.abs));
}

describe('sites of every step', () => {
  test('all of them are what one run over the whole text has, and the prefix is not computed again', async () => {
    const model = wanderingModel();
    const prompt = [3, 1, 4];
    const tokens = [];
    for await (const t of generate(model, prompt, { temperature: 0, maxNewTokens: 6, capture: '*' })) tokens.push(t);
    const ids = [...prompt, ...tokens.map(({ id }) => id)].slice(0, -1);
    const full = await lens(model).capture(ids, '*');
    for (const { index, captured = {} } of tokens) {
      expect(Object.keys(captured)).toEqual(Object.keys(full));
      for (const [site, value] of Object.entries(captured)) {
        if (index === 0) {
          expect(value.shape[0]).toBe(1);
          continue;
        }
        const expected = atToken(full[site] as HostArray, site, prompt.length + index - 1);
        expect(distance(value.data as Float32Array, expected), `${site} of token ${index}`).toBeLessThan(2e-5);
      }
    }
    const first = await lens(model).capture(prompt, '*');
    expect(tokens[0]?.captured?.['blocks.1.attention.pattern']).toEqual(first['blocks.1.attention.pattern']);
    expect(tokens[2]?.captured?.['blocks.1.attention.pattern']?.shape).toEqual([1, 4, 1, 5]);
  });

  test('capturing does not change the text, with check too; each row of a batch has its own', async () => {
    const model = wanderingModel();
    const prompts = [[3, 1, 4], [9], [2, 6, 5, 3, 5]];
    const options = { temperature: 0, maxNewTokens: 5, capture: '*.pattern,final_norm', check: true };
    const rows = prompts.map((): { id: number; logprob: number; captured?: unknown }[] => []);
    for await (const { row, id, logprob, captured } of generateBatch(model, prompts, options)) rows[row]?.push({ id, logprob, captured });
    for (const [row, prompt] of prompts.entries()) {
      const alone = [];
      for await (const { id, logprob, captured } of generate(model, prompt, options)) alone.push({ id, logprob, captured });
      expect(rows[row]).toEqual(alone);
      const plain = [];
      for await (const t of generate(model, prompt, { temperature: 0, maxNewTokens: 5 })) plain.push(t);
      expect(alone.map(({ id }) => id)).toEqual(plain.map(({ id }) => id));
      for (const [i, { logprob }] of plain.entries()) expect(alone[i]?.logprob).toBeCloseTo(logprob, 5);
    }
  });

  test('a glob that matches nothing is refused with the nearest names', async () => {
    const work = generate(wanderingModel(), [1], { maxNewTokens: 1, capture: 'blocks.0.atention.pattern' }).next();
    await expect(work).rejects.toMatchObject({ code: 'name', message: expect.stringContaining('blocks.0.attention.pattern') });
    await expect(generate(new MeanModel(), [1], { maxNewTokens: 1, capture: '*' }).next()).rejects.toMatchObject({ code: 'name' });
  });
});
