import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type GeneratedToken, generate, generateAll } from '#dist/generate/index.js';
import { TextStream } from '#dist/generate/text-stream.js';
import { wanderingModel } from './models.js';

/** Each id is some bytes of UTF-8, as in byte-level vocabularies: a character may need several. */
const bytes = {
  decode: (ids: readonly number[]): string => new TextDecoder().decode(Uint8Array.from(ids)),
};

/** Id i is the i-th of 61 pieces of text, some of several characters. */
const pieces = Array.from({ length: 61 }, (_, i) => 'abcde'.charAt(i % 5) + (i % 3 === 0 ? 'xy'.charAt(i % 2) : ''));
const words = { decode: (ids: readonly number[]): string => ids.map((id) => pieces[id] ?? '').join('') };

describe('a growing text', () => {
  test('given out piece by piece it is the whole, cut before the first stop string; nothing is taken back', () => {
    const text = fc.string({ unit: fc.constantFrom('a', 'b', 'c', 'é', '字', '😀'), maxLength: 24 });
    const stops = fc.array(fc.string({ unit: fc.constantFrom('a', 'b', '字'), minLength: 1, maxLength: 4 }), { maxLength: 3 });
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom('a', 'b'), maxLength: 4 }), text, stops, (prompt, rest, stop) => {
        const stream = new TextStream(bytes, [...new TextEncoder().encode(prompt)], stop);
        let given = '';
        let stopped = false;
        for (const id of new TextEncoder().encode(rest)) {
          const grown = stream.push(id);
          given += grown.text;
          expect(given).not.toContain('\ufffd');
          stopped = grown.stopped;
          if (stopped) break;
        }
        if (!stopped) given += stream.rest();
        const ends = stop.map((s) => rest.indexOf(s)).filter((at) => at >= 0);
        expect(stopped).toBe(ends.length > 0);
        // Of several, the one that is complete first ends the text, even where a longer one began before it.
        const complete = Math.min(...stop.filter((s) => rest.includes(s)).map((s) => rest.indexOf(s) + s.length));
        const cut = Math.min(
          ...stop.filter((s) => rest.indexOf(s) >= 0 && rest.indexOf(s) + s.length <= complete).map((s) => rest.indexOf(s)),
        );
        expect(given).toBe(ends.length > 0 ? rest.slice(0, cut) : rest);
      }),
      { numRuns: 500 },
    );
  });
});

describe('stop strings', () => {
  const options = { temperature: 0, maxNewTokens: 40, tokenizer: words } as const;

  test('may span tokens, and are not looked for in the prompt', async () => {
    const model = wanderingModel();
    const free = await generateAll(model, [1, 2], options);
    expect(free.text).toBe(words.decode(free.newIds));
    expect(free.finish).toBe('length');
    const text = free.text ?? '';
    // From the middle of one token to the middle of another.
    const stop = text.slice(6, 11);
    const tokens: GeneratedToken[] = [];
    for await (const t of generate(model, [1, 2], { ...options, stop: ['never', stop] })) tokens.push(t);
    expect(tokens.map(({ text }) => text).join('')).toBe(text.slice(0, text.indexOf(stop)));
    expect(tokens.at(-1)?.finish).toBe('stop');
    expect(tokens.slice(0, -1).every(({ finish }) => finish === undefined)).toBe(true);
    expect(words.decode(tokens.map(({ id }) => id))).toContain(stop);
    const inPrompt = await generateAll(model, [1, 2], { ...options, maxNewTokens: 1, stop: [words.decode([1, 2])] });
    expect(inPrompt.finish).toBe('length');
  });

  test('what stop tokens and the last token kept back is given out', async () => {
    const model = wanderingModel();
    const free = await generateAll(model, [1, 2], options);
    const held = `${words.decode(free.newIds.slice(0, 8)).slice(-3)}\n`;
    const cut = await generateAll(model, [1, 2], { ...options, maxNewTokens: 8, stop: [held] });
    expect(cut.text).toBe(words.decode(free.newIds.slice(0, 8)));
    const stopId = free.newIds[5] as number;
    const stopped = await generateAll(model, [1, 2], { ...options, stopIds: [stopId] });
    expect(stopped.finish).toBe('stopId');
    expect(stopped.text).toBe(words.decode(free.newIds.slice(0, free.newIds.indexOf(stopId) + 1)));
  });

  test("the model's own end is the last token and no part of the text, of which nothing is kept back", async () => {
    const model = wanderingModel();
    const free = await generateAll(model, [1, 2], options);
    const end = free.newIds[5] as number;
    const newIds = free.newIds.slice(0, free.newIds.indexOf(end) + 1);
    const text = words.decode(newIds.slice(0, -1));
    // A stop string of which the text's end is the beginning.
    const stop = [`${text.slice(-2)}\n`];
    expect(await generateAll(model, [1, 2], { ...options, stop, stopIds: [end], endIds: [60, end] })).toMatchObject({
      newIds,
      text,
      finish: 'end',
    });
  });

  test.each([
    ['without a tokenizer', { stop: ['a'] }, /a tokenizer, to look for stop strings; got none/],
    ['an empty one', { stop: [''], tokenizer: words }, /stop strings of at least one character/],
    ['half an alternative', { alternatives: 0.5 }, /alternatives is a whole number from 0; got 0.5/],
  ])('%s is refused', async (_, extra, message) => {
    await expect(generateAll(wanderingModel(), [1], { maxNewTokens: 2, ...extra })).rejects.toMatchObject({
      code: 'value',
      message: expect.stringMatching(message),
    });
  });
});

describe('alternatives', () => {
  test('are the likeliest tokens under the model itself; the greedy token is the first', async () => {
    const tokens: GeneratedToken[] = [];
    for await (const t of generate(wanderingModel(), [1, 2], { temperature: 0, maxNewTokens: 8, alternatives: 61 })) tokens.push(t);
    for (const { id, logprob, alternatives = [] } of tokens) {
      expect(alternatives[0]).toEqual({ id, logprob });
      expect(alternatives.reduce((sum, a) => sum + Math.exp(a.logprob), 0)).toBeCloseTo(1, 9);
      expect(new Set(alternatives.map((a) => a.id)).size).toBe(61);
      expect(alternatives.map((a) => a.logprob)).toEqual(alternatives.map((a) => a.logprob).sort((a, b) => b - a));
    }
    const [first] = tokens;
    const three = generate(wanderingModel(), [1, 2], { temperature: 0, maxNewTokens: 1, alternatives: 3 });
    expect((await three.next()).value?.alternatives).toEqual(first?.alternatives?.slice(0, 3));
  });

  test('penalties of repetition act on what the text holds, the prompt included', async () => {
    const model = wanderingModel();
    const { ids } = await generateAll(model, [1, 2, 1], { temperature: 0, maxNewTokens: 50, noRepeatNgram: 2 });
    const pairs = ids.slice(1).map((id, i) => `${ids[i]},${id}`);
    expect(new Set(pairs).size).toBe(pairs.length);
    const each = await generateAll(model, [1, 2], { temperature: 0, maxNewTokens: 50, noRepeatNgram: 1 });
    expect(new Set(each.ids).size).toBe(52);
  });
});
