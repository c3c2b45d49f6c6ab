import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { checkStories, checkStory, generateStories, generateStory, names, objects, places, pronounOf } from '#dist/datasets/index.js';

const anyStory = fc.tuple(fc.nat(), fc.nat(1_000_000)).map(([seed, index]) => generateStory(seed, index));

const legend =
  'Marlow found a drum by the mill. He left the mill. Marlow gave the drum to Tindra. She liked the drum. So Tindra kept the drum.';

describe('generateStories', () => {
  test('every story is grammatical and short', () => {
    fc.assert(
      fc.property(anyStory, (story) => {
        expect(checkStory(story)).toEqual({ ok: true });
        expect(story.length).toBeLessThan(256);
      }),
      { numRuns: 3000 },
    );
  });

  test('the same seed gives the same text, a longer one begins with it, another seed gives another', () => {
    fc.assert(
      fc.property(fc.nat(), fc.integer({ min: 1, max: 2000 }), fc.nat(2000), (seed, characters, more) => {
        const text = generateStories({ seed, characters });
        expect(text.length).toBeGreaterThanOrEqual(characters);
        expect(text.length).toBeLessThan(characters + 256);
        expect(generateStories({ seed, characters: characters + more }).startsWith(text)).toBe(true);
        expect(generateStories({ seed: seed + 1, characters })).not.toBe(text);
      }),
      { numRuns: 50 },
    );
  });

  test('a small alphabet, and every word is used', () => {
    const text = generateStories({ seed: 5, characters: 200_000 });
    expect(text).toMatch(/^[A-Za-z .\n]*$/);
    expect(new Set(text).size).toBeLessThan(50);
    for (const word of [...names, ...objects, ...places]) expect(text).toContain(word);
    expect(checkStories(text)).toMatchObject({ failures: [] });
  });

  test('a name that comes again, and all it depends on, lies within 64 characters', () => {
    fc.assert(
      fc.property(anyStory, (story) => {
        const last = new Map<string, number>();
        for (const { 0: name, index } of story.matchAll(/[A-Z][a-z]{4,}/g)) {
          const before = last.get(name);
          if (before !== undefined) expect(index - before).toBeLessThanOrEqual(64);
          last.set(name, index);
        }
      }),
      { numRuns: 1000 },
    );
  });

  test.each([0, -1, Number.NaN, 2 ** 29])('refuses %s characters', (characters) => {
    expect(() => generateStories({ seed: 1, characters })).toThrow(expect.objectContaining({ code: 'value' }));
  });
});

test('the words are distinct, and two initials name one person', () => {
  for (const list of [names, objects, places]) expect(new Set(list).size).toBe(list.length);
  expect(new Set(names.map((name) => name.slice(0, 2))).size).toBe(names.length);
  expect([...pronounOf.values()].filter((p) => p === 'He').length).toBe(names.length / 2);
});

describe('checkStory', () => {
  test('accepts the example', () => expect(checkStory(legend)).toEqual({ ok: true }));

  test.each([
    ['another holder at the end', 'kept', 'Tindra kept', 'Marlow kept'],
    ['a stranger at the end', 'kept', 'Tindra kept', 'Petra kept'],
    ['the wrong pronoun', 'She', 'She', 'He'],
    ['the wrong pronoun at first', 'He left', 'He left', 'She left'],
    ['an object that was never found', 'kite', 'kept the drum', 'kept the kite'],
    ['a place where nobody is', 'river', 'left the mill', 'left the river'],
    ['a giver who has nothing', 'Petra gave', 'Marlow gave', 'Petra gave'],
    ['a gift to oneself', 'Marlow.', 'to Tindra', 'to Marlow'],
    ['a word that is none', 'gaev', 'gave', 'gaev'],
    ['a sentence after the end', ' So', 'So Tindra kept the drum.', 'So Tindra kept the drum. So Tindra kept the drum.'],
    ['no opening', 'He', 'Marlow found a drum by the mill. ', ''],
    ['no exchange', 'She', 'Marlow gave the drum to Tindra. ', ''],
    ['two spaces', ' He', '. He', '.  He'],
    ['a line end inside', '\nHe', '. He', '.\nHe'],
    ['a departure too late', 'She left', 'She liked the drum', 'She left the mill'],
  ])('rejects %s', (_, marker, from, to) => {
    expect(legend).toContain(from);
    const story = legend.replace(from, to);
    const result = checkStory(story);
    expect(result).toMatchObject({ ok: false, unfinished: false });
    if (!result.ok) {
      expect(result.why).not.toBe('');
      expect(result.at).toBeGreaterThanOrEqual(0);
      expect(result.at).toBeLessThanOrEqual(story.length);
      // it points at the fault: within a sentence of the word that is wrong
      if (!['no opening', 'no exchange'].includes(_)) expect(Math.abs(result.at - story.lastIndexOf(marker))).toBeLessThan(40);
    }
  });

  test('rejects every story in which one name, pronoun or object was changed', () => {
    const swaps = fc.tuple(anyStory, fc.nat(), fc.nat()).map(([story, which, other]) => {
      const spots = [...story.matchAll(/[A-Za-z]+/g)].flatMap(({ 0: word, index }) => {
        const list = [names, objects, ['He', 'She']].find((l) => l.includes(word));
        return list === undefined ? [] : [{ word, index, others: list.filter((w) => w !== word) }];
      });
      const spot = spots[which % spots.length] as (typeof spots)[number];
      return story.slice(0, spot.index) + spot.others[other % spot.others.length] + story.slice(spot.index + spot.word.length);
    });
    fc.assert(
      fc.property(swaps, (story) => {
        expect(checkStory(story)).toMatchObject({ ok: false, unfinished: false });
      }),
      { numRuns: 3000 },
    );
  });

  test('of words exchanged with words of anywhere in the corpus, almost none go unseen', () => {
    const vocabulary = [...new Set(generateStories({ seed: 2, characters: 50_000 }).match(/[A-Za-z]+/g))];
    const harmless = [new Set(places), new Set(['cleaned', 'held', 'liked', 'painted', 'shook', 'washed'])];
    let rejected = 0;
    let changed = 0;
    fc.assert(
      fc.property(anyStory, fc.nat(), fc.nat(), (story, which, other) => {
        const spots = [...story.matchAll(/[A-Za-z]+/g)];
        const { 0: word, index } = spots[which % spots.length] as RegExpExecArray;
        const replacement = vocabulary[other % vocabulary.length] as string;
        // a place named once, or what was done with the object, may be another without contradiction
        if (word === replacement || harmless.some((set) => set.has(word) && set.has(replacement))) return;
        changed++;
        if (!checkStory(story.slice(0, index) + replacement + story.slice(index + word.length)).ok) rejected++;
      }),
      { numRuns: 3000 },
    );
    expect(changed).toBeGreaterThan(2000);
    expect(rejected / changed).toBeGreaterThan(0.99);
  });

  test('answers on any text, and calls every beginning of a story unfinished', () => {
    fc.assert(fc.property(fc.string(), (text) => expect(checkStory(text).ok).toBe(false)));
    fc.assert(
      fc.property(anyStory, fc.nat(), (story, cut) => {
        expect(checkStory(story.slice(0, cut % story.length))).toMatchObject({ ok: false, unfinished: true });
      }),
    );
  });
});

describe('checkStories', () => {
  test('counts whole stories, and leaves out a last one that is cut off', () => {
    fc.assert(
      fc.property(fc.nat(), fc.integer({ min: 0, max: 1500 }), (seed, cut) => {
        const text = generateStories({ seed, characters: 1500 }).slice(0, cut);
        const { passed, total, failures } = checkStories(text);
        const whole = (text.match(/(kept|had|home with) the \w+\./g) ?? []).length;
        expect({ passed, total, failures }).toEqual({ passed: whole, total: whole, failures: [] });
      }),
    );
  });

  test('reports the stories that fail, a last one too where it went wrong before its cut', () => {
    const wrong = legend.replace('She', 'He');
    expect(checkStories(`\n\n${legend}\n\n${wrong}\n\n${legend}`)).toEqual({
      passed: 2,
      total: 3,
      failures: [{ story: wrong, at: wrong.indexOf('He liked'), why: "'He' where 'She' is the pronoun of Tindra" }],
    });
    expect(checkStories(`${legend}\n\n${wrong.slice(0, -3)}`)).toMatchObject({ passed: 1, total: 2 });
    expect(checkStories(`${legend}\n\n${legend.slice(0, -3)}`)).toEqual({ passed: 1, total: 1, failures: [] });
    expect(checkStories(`${legend.slice(0, 40)}\n\n${legend}`)).toMatchObject({ passed: 1, total: 2 });
    expect(checkStories('gibberish without end '.repeat(10))).toMatchObject({ passed: 0, total: 1 });
    expect(checkStories('')).toEqual({ passed: 0, total: 0, failures: [] });
  });
});
