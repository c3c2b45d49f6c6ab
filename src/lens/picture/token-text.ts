/**
 * A token as a reader can see it: space as `·`, newline as `⏎`, tab as `⇥`, other control characters as their pictures, and whatever
 * would be invisible or would reorder its neighbours as its code, `‹U+202E›`. An empty token is `∅`. The result holds no character that
 * XML or HTML forbid, but is not escaped.
 */
export function showToken(token: string): string {
  if (token === '') return '∅';
  let shown = '';
  for (const character of token) shown += showCharacter(character, shown === '');
  return shown;
}

/** A running text (a title) with the same marks, except that spaces stay spaces and line ends become spaces. */
export function showText(text: string): string {
  return text
    .split(/[ \r\n\t]+/)
    .map((word) => (word === '' ? '' : showToken(word)))
    .join(' ');
}

/** `shown`, cut to at most `limit` visible characters, the last of them `…` where something was cut. */
export function shorten(shown: string, limit: number): string {
  const clusters = graphemes(shown);
  return clusters.length <= limit ? shown : `${clusters.slice(0, limit - 1).join('')}…`;
}

/** About how many columns of a monospaced font a text takes: 2 for each East Asian or pictorial character, otherwise 1. */
export function columns(shown: string): number {
  let sum = 0;
  for (const cluster of graphemes(shown))
    sum += /^[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\uff00-\uff60]|^\p{RI}|^\p{Emoji_Presentation}|\ufe0f/u.test(cluster)
      ? 2
      : 1;
  return sum;
}

const segmenter = new Intl.Segmenter('en', { granularity: 'grapheme' });

function graphemes(text: string): string[] {
  return Array.from(segmenter.segment(text), (part) => part.segment);
}

const MARKS: Readonly<Record<string, string>> = { ' ': '·', '\n': '⏎', '\t': '⇥', '\u007f': '␡' };
const ZERO_WIDTH_JOINER = '\u200d';

function showCharacter(character: string, first: boolean): string {
  const mark = MARKS[character];
  if (mark !== undefined) return mark;
  const code = character.codePointAt(0) ?? 0;
  if (code < 0x20) return String.fromCodePoint(0x2400 + code);
  // A joiner between pictures builds one picture (a family); anywhere else it would be invisible.
  if (character === ZERO_WIDTH_JOINER && !first) return character;
  if (/[\p{C}\p{Z}]/u.test(character)) return `‹U+${code.toString(16).toUpperCase().padStart(4, '0')}›`;
  // A combining mark that begins a token needs something to stand on.
  return first && /\p{M}/u.test(character) ? `◌${character}` : character;
}
