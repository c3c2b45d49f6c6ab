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
interface State {
  readonly object: string;
  readonly place: string;
  readonly holder: string;
  readonly exchanges: number;
  readonly previous: Sentence['kind'];
}

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
  let state: State | undefined;
  let at = 0;
  while (true) {
    const stop = text.indexOf('.', at);
    if (stop < 0) {
      const unfinished = text.length - at <= longestSentence && !text.includes('\n', at);
      return { ok: false, at: text.length, why: 'the story stops before its closing sentence', unfinished };
    }
    const sentence = parseSentence(text.slice(at, stop), at);
    if (sentence.kind === 'fault') return wrong(sentence);
    const next = state === undefined ? begin(sentence) : advance(state, sentence);
    if ('why' in next) return wrong(next);
    state = next;
    at = stop + 1;
    if (state.previous === 'closing') return at === text.length ? { ok: true } : wrong({ at, why: 'text after the closing sentence' });
    if (at === text.length) continue; // reports the missing closing
    if (text[at] !== ' ') return wrong({ at, why: 'sentences are joined by one space' });
    at++;
  }
}

function wrong({ at, why }: Fault): StoryCheck {
  return { ok: false, at, why, unfinished: false };
}

function begin(sentence: Sentence): State | Fault {
  if (sentence.kind !== 'opening') return { at: 0, why: 'a story begins with its opening sentence' };
  const { object, place, finder } = sentence;
  return { object: object.text, place: place.text, holder: finder.text, exchanges: 0, previous: 'opening' };
}

/** The state after a sentence, or what is wrong with it. */
function advance(state: State, sentence: Sentence): State | Fault {
  const fault =
    faultOfOrder(state, sentence) ??
    ('object' in sentence ? unless(sentence.object, state.object, 'the object of this story') : undefined) ??
    ('pronoun' in sentence ? unless(sentence.pronoun, pronounOf.get(state.holder), `the pronoun of ${state.holder}`) : undefined);
  if (fault !== undefined) return fault;
  const previous = sentence.kind;
  switch (sentence.kind) {
    case 'departure':
      return unless(sentence.place, state.place, 'the place of this story') ?? { ...state, previous };
    case 'closing':
      return unless(sentence.holder, state.holder, 'who holds the object') ?? { ...state, previous };
    case 'exchange': {
      const { from, to } = sentence;
      if (to.text === from.text) return { at: to.at, why: `${to.text} has the object already` };
      return unless(from, state.holder, 'who holds the object') ?? { ...state, holder: to.text, exchanges: state.exchanges + 1, previous };
    }
    default:
      return { ...state, previous };
  }
}

function faultOfOrder(state: State, sentence: Sentence): Fault | undefined {
  const { kind } = sentence;
  const at = firstWord(sentence).at;
  if (kind === 'opening') return { at, why: 'a second opening sentence' };
  if (kind === 'departure' && state.previous !== 'opening') return { at, why: 'a departure stands right after the opening' };
  const afterPronoun = state.previous === 'moment' || state.previous === 'departure';
  if (kind === 'moment' && afterPronoun) return { at, why: 'two sentences with a pronoun in a row' };
  if (kind === 'exchange' && state.exchanges === 2) return { at, why: 'a third exchange' };
  if (kind === 'closing' && state.exchanges === 0) return { at, why: 'a closing before any exchange' };
  return undefined;
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
