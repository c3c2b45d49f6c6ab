import { exchangeVerbs, momentVerbs, names, objects, places } from './words.js';

/** A word and where it stands, counted in characters from the start of its story. */
export interface Word {
  readonly text: string;
  readonly at: number;
}

/** A sentence taken apart. `object`, `name` and so on are words of the lists; whether they fit the story is `checkStory`'s. */
export type Sentence =
  | { readonly kind: 'home'; readonly person: Word; readonly place: Word }
  | { readonly kind: 'find'; readonly holder: Word; readonly object: Word }
  | { readonly kind: 'moment'; readonly pronoun: Word; readonly object: Word }
  | { readonly kind: 'exchange'; readonly from: Word; readonly to: Word; readonly object: Word }
  | { readonly kind: 'closing'; readonly holder: Word; readonly object: Word };

/** A sentence that does not parse: where, and what was wrong. */
export interface SyntaxFault {
  readonly kind: 'fault';
  readonly at: number;
  readonly why: string;
}

type Slot = 'name' | 'object' | 'place' | 'verb' | 'pronoun';

const classes: Readonly<Record<Slot, ReadonlySet<string>>> = {
  name: new Set(names),
  object: new Set(objects),
  place: new Set(places),
  verb: new Set(momentVerbs),
  pronoun: new Set(['He', 'She']),
};

interface Form {
  /** Fixed words as they are, slots as `<class>`. */
  readonly pattern: readonly string[];
  /** Makes the sentence of the words that filled the slots, in order. */
  readonly build: (slot: (index: number) => Word) => Sentence;
}

function form(pattern: string, build: Form['build']): Form {
  return { pattern: pattern.split(' '), build };
}

const forms: readonly Form[] = [
  form('<name> lived by the <place>', (w) => ({ kind: 'home', person: w(0), place: w(1) })),
  form('<name> found a <object>', (w) => ({ kind: 'find', holder: w(0), object: w(1) })),
  form('<pronoun> <verb> the <object>', (w) => ({ kind: 'moment', pronoun: w(0), object: w(2) })),
  ...exchangeVerbs.map(([does, gains]) =>
    form(`<name> ${does} the <object> and <name> ${gains} it`, (w) => ({ kind: 'exchange', from: w(0), object: w(1), to: w(2) })),
  ),
  form('So <name> kept the <object>', (w) => ({ kind: 'closing', holder: w(0), object: w(1) })),
  form('At last <name> had the <object>', (w) => ({ kind: 'closing', holder: w(0), object: w(1) })),
];

/**
 * Parses one sentence of the `stories` corpus, the full stop left off.
 *
 * ```ebnf
 * stories  = { story, blank line } ;
 * story    = home, find, { moment | exchange }, closing ;    (* sentences are joined by one space *)
 * home     = name, " lived by the ", place, "." ;
 * find     = name, " found a ", object, "." ;
 * moment   = pronoun, " ", moment verb, " the ", object, "." ;
 * exchange = name, " lost the ", object, " and ", name, " found it."
 *          | name, " threw the ", object, " and ", name, " caught it."
 *          | name, " dropped the ", object, " and ", name, " took it." ;
 * closing  = "So ", name, " kept the ", object, "."
 *          | "At last ", name, " had the ", object, "." ;
 * pronoun  = "He" | "She" ;
 * ```
 *
 * What the EBNF cannot say, and `checkStory` checks: who lives somewhere finds something, and so holds it. A story has one
 * object. An exchange names its holder first, and leaves it with the person named second. A pronoun has the gender of the
 * holder. The closing names the holder.
 *
 * All of it can be told from the 64 characters before: whom or what a sentence must name stands in the one before it,
 * or in the one before that.
 *
 * @param text the sentence
 * @param at where it begins in its story, for positions
 */
export function parseSentence(text: string, at: number): Sentence | SyntaxFault {
  const words: Word[] = [];
  let offset = at;
  for (const word of text.split(' ')) {
    words.push({ text: word, at: offset });
    offset += word.length + 1;
  }
  let furthest = 0;
  for (const { pattern, build } of forms) {
    const fits = matched(pattern, words);
    if (fits === pattern.length && fits === words.length) {
      const slots = words.filter((_, i) => pattern[i]?.startsWith('<'));
      return build((index) => slots[index] as Word);
    }
    furthest = Math.max(furthest, fits);
  }
  const wrong = words[furthest];
  return wrong === undefined
    ? { kind: 'fault', at: offset - 1, why: 'the sentence ends too early' }
    : { kind: 'fault', at: wrong.at, why: `'${wrong.text}' fits no sentence of the grammar here` };
}

/** How many words from the first on fit the pattern. */
function matched(pattern: readonly string[], words: readonly Word[]): number {
  let i = 0;
  while (i < words.length && i < pattern.length && fills(pattern[i] as string, (words[i] as Word).text)) i++;
  return i;
}

function fills(part: string, word: string): boolean {
  return part.startsWith('<') ? classes[part.slice(1, -1) as Slot].has(word) : part === word;
}
