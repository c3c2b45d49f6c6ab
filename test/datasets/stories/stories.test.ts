import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  checkStories,
  checkStory,
  generateStories,
  generateStory,
  momentVerbs,
  names,
  objects,
  places,
  pronounOf,
} from '#dist/datasets/index.js';

const anyStory = fc.tuple(fc.nat(), fc.nat(1_000_000)).map(([seed, index]) => generateStory(seed, index));

const legend =
  'Marlow lived by the mill. Marlow found a drum. He liked the drum. Marlow lost the drum and Tindra found it. She held the drum. So Tindra kept the drum.';

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

  test('whom and what a sentence must name stands in the 64 characters before', () => {
    fc.assert(
      fc.property(anyStory, (story) => {
        const words = [...story.matchAll(/[A-Za-z]+/g)];
        const isHolder = (next: string | undefined) => /^(lost|threw|dropped|found|kept|had)$/.test(next ?? '');
        for (const [i, { 0: word, index }] of words.entries()) {
          if (words[i - 1]?.[0] === 'and') continue; // whoever comes to hold it is anyone
          if (!objects.includes(word) && !(names.includes(word) && isHolder(words[i + 1]?.[0]))) continue;
          const before = story.lastIndexOf(word, index - 1);
          if (before >= 0) expect(index - before).toBeLessThanOrEqual(64);
          else expect(word).toBe(objects.includes(word) ? words[8]?.[0] : words[0]?.[0]); // where it is first told
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
    ['another holder at the end', 'Tindra kept', 'Marlow kept'],
    ['a stranger at the end', 'Tindra kept', 'Petra kept'],
    ['the wrong pronoun', 'She', 'He'],
    ['the wrong pronoun at first', 'He liked', 'She liked'],
    ['an object that was never found', 'kept the drum', 'kept the kite'],
    ['another finder', 'Marlow found', 'Petra found'],
    ['a loser who has nothing', 'Marlow lost', 'Petra lost'],
    ['an object that changes', 'lost the drum', 'lost the map'],
    ['a word that is none', 'liked', 'likde'],
    ['verbs that do not go together', 'lost', 'threw'],
    ['a sentence after the end', 'kept the drum.', 'kept the drum. So Tindra kept the drum.'],
    ['no home', 'Marlow lived by the mill. ', ''],
    ['no find', 'Marlow found a drum. ', ''],
    ['a second find', 'He liked the drum.', 'Marlow found a drum.'],
    ['two spaces', '. He', '.  He'],
    ['a line end inside', '. He', '.\nHe'],
  ])('rejects %s, and points at it', (_, from, to) => {
    const story = legend.replace(from, to);
    const difference = [...`${legend}\n`].findIndex((character, i) => character !== story[i]);
    const result = checkStory(story);
    expect(result).toMatchObject({ ok: false, unfinished: false, why: expect.stringMatching(/./) });
    if (result.ok) return;
    // the beginning of the word or of its sentence; verbs that do not go together are seen at the second
    if (_.startsWith('verbs')) expect(story.slice(result.at)).toMatch(/^found it/);
    else expect(difference - result.at).toSatisfy((back: number) => back >= 0 && back < 12);
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
    const harmless = [new Set(places), new Set(momentVerbs)];
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
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(checkStory(text).ok).toBe(false);
      }),
    );
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
        const whole = (text.match(/(kept|had) the \w+\./g) ?? []).length;
        expect({ passed, total, failures }).toEqual({ passed: whole, total: whole, failures: [] });
      }),
    );
  });

  test('reports the stories that fail, a last one too where it went wrong before its cut', () => {
    const wrong = legend.replace('She', 'He');
    expect(checkStories(`\n\n${legend}\n\n${wrong}\n\n${legend}`)).toEqual({
      passed: 2,
      total: 3,
      failures: [{ story: wrong, at: wrong.indexOf('He held'), why: "'He' where 'She' is the pronoun of Tindra" }],
    });
    expect(checkStories(`${legend}\n\n${wrong.slice(0, -3)}`)).toMatchObject({ passed: 1, total: 2 });
    expect(checkStories(`${legend}\n\n${legend.slice(0, -3)}`)).toEqual({ passed: 1, total: 1, failures: [] });
    expect(checkStories(`${legend.slice(0, 40)}\n\n${legend}`)).toMatchObject({ passed: 1, total: 2 });
    expect(checkStories('gibberish without end '.repeat(10))).toMatchObject({ passed: 0, total: 1 });
    expect(checkStories('')).toEqual({ passed: 0, total: 0, failures: [] });
  });
});
