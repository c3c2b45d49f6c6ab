import { parseSentence, type Sentence, type Word } from './grammar.js';
import { pronounOf } from './words.js';

export type StoryCheck =
  | { readonly ok: true }
  | {
      readonly ok: false;
      /** Character of the story where the fault is. */
      readonly at: number;
      readonly why: string;
      /** Nothing is wrong so far: the text just stops before the story ends. */
      readonly unfinished: boolean;
    };

/** What is known after some sentences. */
type State =
  | { readonly done: 'nothing' }
  | { readonly done: 'home'; readonly person: string }
  | { readonly done: 'some' | 'all'; readonly holder: string; readonly object: string };

interface Fault {
  readonly at: number;
  readonly why: string;
}

/** No sentence of the grammar is longer; a longer one without a full stop is wrong, not cut off. */
const longestSentence = 64;

/**
 * Checks one story against the grammar (`parseSentence`) and against itself: who holds the object, which
 * pronoun fits, what the closing says. Shares nothing with the generator but the word lists, and never throws.
 *
 * @param text a story without line ends around it
 */
export function checkStory(text: string): StoryCheck {
  let state: State = { done: 'nothing' };
  let at = 0;
  while (true) {
    const stop = text.indexOf('.', at);
    if (stop < 0) {
      const unfinished = text.length - at <= longestSentence && !text.includes('\n', at);
      return { ok: false, at: text.length, why: 'the story stops before its closing sentence', unfinished };
    }
    const sentence = parseSentence(text.slice(at, stop), at);
    if (sentence.kind === 'fault') return wrong(sentence);
    const next = after(state, sentence);
    if ('why' in next) return wrong(next);
    state = next;
    at = stop + 1;
    if (state.done === 'all') return at === text.length ? { ok: true } : wrong({ at, why: 'text after the closing sentence' });
    if (at === text.length) continue; // reports the missing closing
    if (text[at] !== ' ') return wrong({ at, why: 'sentences are joined by one space' });
    at++;
  }
}

function wrong({ at, why }: Fault): StoryCheck {
  return { ok: false, at, why, unfinished: false };
}

/** The state after one more sentence, or what is wrong with it. */
function after(state: State, sentence: Sentence): State | Fault {
  switch (state.done) {
    case 'nothing':
      if (sentence.kind !== 'home') return { at: firstWord(sentence).at, why: 'a story begins with where somebody lived' };
      return { done: 'home', person: sentence.person.text };
    case 'home': {
      if (sentence.kind !== 'find') return { at: firstWord(sentence).at, why: 'the second sentence is what was found' };
      const { holder, object } = sentence;
      return unless(holder, state.person, 'who this story is about') ?? { done: 'some', holder: holder.text, object: object.text };
    }
    default:
      return afterFind(state, sentence);
  }
}

function afterFind(state: Extract<State, { holder: string }>, sentence: Sentence): State | Fault {
  if (sentence.kind === 'home' || sentence.kind === 'find') return { at: firstWord(sentence).at, why: 'a second beginning' };
  const lost = unless(sentence.object, state.object, 'the object of this story');
  const holding = 'who holds the object';
  switch (sentence.kind) {
    case 'moment':
      return unless(sentence.pronoun, pronounOf.get(state.holder), `the pronoun of ${state.holder}`) ?? lost ?? state;
    case 'exchange':
      return unless(sentence.from, state.holder, holding) ?? lost ?? { ...state, holder: sentence.to.text };
    case 'closing':
      return unless(sentence.holder, state.holder, holding) ?? lost ?? { ...state, done: 'all' };
  }
}

function firstWord(sentence: Sentence): Word {
  const words = Object.values(sentence).filter((value): value is Word => typeof value === 'object');
  return words.reduce((a, b) => (b.at < a.at ? b : a));
}

function unless(word: Word, expected: string | undefined, what: string): Fault | undefined {
  return word.text === expected ? undefined : { at: word.at, why: `'${word.text}' where '${expected}' is ${what}` };
}

export interface StoriesCheck {
  readonly passed: number;
  readonly total: number;
  /** The stories that failed, with where and why. */
  readonly failures: readonly { readonly story: string; readonly at: number; readonly why: string }[];
}

/**
 * Checks a text of stories that are parted by blank lines. It begins with a story (line ends before it are ignored);
 * the last one may be cut off, and then does not count unless it went wrong before the cut.
 */
export function checkStories(text: string): StoriesCheck {
  const stories = text.replace(/^\n+/, '').split('\n\n');
  if (stories.at(-1) === '') stories.pop();
  const failures: { story: string; at: number; why: string }[] = [];
  let total = 0;
  for (const [index, story] of stories.entries()) {
    const isLast = index === stories.length - 1 && !text.endsWith('\n\n');
    const result = checkStory(isLast ? story.replace(/\n$/, '') : story);
    if (!result.ok && result.unfinished && isLast) continue;
    total++;
    if (!result.ok) failures.push({ story, at: result.at, why: result.why });
  }
  return { passed: total - failures.length, total, failures };
}
