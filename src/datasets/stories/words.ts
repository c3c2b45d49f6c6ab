/** The words of the `stories` corpus. Everything else in a story is a fixed phrase of its grammar. */
export type Pronoun = 'He' | 'She';

/**
 * Each initial has one name of each gender and the two part at the second letter: to write a name again a model has to
 * look back for both letters, and then for none. No initial is that of a fixed phrase (A, H, S).
 */
export const pronounOf: ReadonlyMap<string, Pronoun> = new Map([
  ['Bruno', 'He'],
  ['Bianca', 'She'],
  ['Dorian', 'He'],
  ['Delia', 'She'],
  ['Felix', 'He'],
  ['Fiona', 'She'],
  ['Gustav', 'He'],
  ['Greta', 'She'],
  ['Kasper', 'He'],
  ['Klara', 'She'],
  ['Lorenz', 'He'],
  ['Linnea', 'She'],
  ['Marlow', 'He'],
  ['Minna', 'She'],
  ['Nestor', 'He'],
  ['Nadia', 'She'],
  ['Pavel', 'He'],
  ['Petra', 'She'],
  ['Rufus', 'He'],
  ['Rowena', 'She'],
  ['Viggo', 'He'],
  ['Vesna', 'She'],
  ['Tobias', 'He'],
  ['Tindra', 'She'],
]);

export const names: readonly string[] = [...pronounOf.keys()];

/** All take the article `a`; six letters at most, so that a fact and its use stay within 64 characters. */
// biome-ignore format: a word list reads best as lines of words
export const objects: readonly string[] = [
  'basket', 'bell', 'bucket', 'button', 'candle', 'clock', 'drum', 'flute', 'hammer', 'helmet',
  'jacket', 'kite', 'ladder', 'map', 'marble', 'mirror', 'needle', 'pebble', 'pillow', 'puppet',
  'quilt', 'ribbon', 'rocket', 'saddle', 'stamp', 'teapot', 'violin', 'wagon', 'jewel', 'yoyo',
];

// biome-ignore format: a word list reads best as lines of words
export const places: readonly string[] = [
  'bridge', 'cabin', 'castle', 'forest', 'garden', 'harbor', 'market', 'meadow', 'mill', 'river', 'school', 'tower',
];

/** How an object leaves its holder, and how somebody, perhaps the same person, comes to hold it. */
export const exchangeVerbs: readonly (readonly [does: string, gains: string])[] = [
  ['lost', 'found'],
  ['threw', 'caught'],
  ['dropped', 'took'],
];

/** What a holder does with an object and still has it afterwards. */
export const momentVerbs: readonly string[] = ['held', 'liked', 'moved', 'shook', 'washed', 'waxed'];
