import { below, fail, type RandomKey, randomKey } from '../../core/index.js';
import { exchangeVerbs, momentVerbs, names, objects, places, pronounOf } from './words.js';

/** How often an optional sentence is written, in [0, 1]. */
const optional = 0.5;

/** Successive draws of one story's stream. */
class Draws {
  #index = 0;
  readonly #key: RandomKey;

  constructor(key: RandomKey) {
    this.#key = key;
  }

  of<T>(words: readonly T[]): T {
    return words[below(this.#key, this.#index++, words.length)] as T;
  }

  chance(p: number): boolean {
    return below(this.#key, this.#index++, 1024) < p * 1024;
  }
}

/**
 * Story `index` of a seed: 90 to 240 characters on one line, without a line end. Grammar: see `parseSentence`.
 *
 * @example generateStory(1, 0) // 'Marlow lived by the mill. Marlow found a drum. Marlow lost the drum and Tindra found it. So Tindra kept the drum.'
 */
export function generateStory(seed: number, index: number): string {
  const draw = new Draws(randomKey(seed, 'stories', index));
  const first = draw.of(names);
  const object = draw.of(objects);
  const place = draw.of(places);

  let holder = first;
  const moment = () => `${pronounOf.get(holder)} ${draw.of(momentVerbs)} the ${object}.`;
  const exchange = () => {
    const [does, gains] = draw.of(exchangeVerbs);
    const from = holder;
    holder = draw.of(names);
    return `${from} ${does} the ${object} and ${holder} ${gains} it.`;
  };

  const sentences = [`${first} lived by the ${place}.`, `${first} found a ${object}.`];
  if (draw.chance(optional)) sentences.push(moment());
  sentences.push(exchange());
  if (draw.chance(optional)) sentences.push(moment());
  if (draw.chance(optional)) {
    sentences.push(exchange());
    if (draw.chance(optional)) sentences.push(moment());
  }
  sentences.push(draw.of([`So ${holder} kept the ${object}.`, `At last ${holder} had the ${object}.`]));
  return sentences.join(' ');
}

export interface StoriesOptions {
  readonly seed: number;
  /** The least length of the text; it ends with the story that reaches it. */
  readonly characters: number;
}

/**
 * The built-in corpus: whole stories, each followed by a blank line. The same seed gives the same text, and a longer
 * text of a seed begins with the shorter one.
 *
 * @throws `value` when `characters` is not a number of at least 1 and at most 2²⁸
 */
export function generateStories({ seed, characters }: StoriesOptions): string {
  if (!(characters >= 1 && characters <= 2 ** 28)) {
    throw fail('value', { where: 'generateStories', rule: 'characters lies between 1 and 2^28', got: String(characters) });
  }
  const stories: string[] = [];
  for (let length = 0; length < characters; ) {
    const story = `${generateStory(seed, stories.length)}\n\n`;
    stories.push(story);
    length += story.length;
  }
  return stories.join('');
}
