/**
 * GPT-2's words (Radford et al. 2019, released code): the matches of
 *
 *     's|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+
 *
 * one after the other, found by a hand-written scanner. They leave nothing out.
 */
const letter = 1;
const number = 2;
const space = 3;
const other = 4;

/** The class of each code point below 65,536; 0 for halves of surrogate pairs, which are looked at together. */
let basic: Uint8Array | undefined;
/** The class of each code point from 65,536 on, once it was asked for; 0 until then. */
let beyond: Uint8Array | undefined;

function classOf(character: string): number {
  if (/\p{L}/u.test(character)) return letter;
  if (/\p{N}/u.test(character)) return number;
  return /\s/u.test(character) ? space : other;
}

function basicClasses(): Uint8Array {
  return Uint8Array.from({ length: 65536 }, (_, code) => (code >= 0xd800 && code < 0xe000 ? 0 : classOf(String.fromCharCode(code))));
}

/** The class of a code point that takes two units; `other` for half of a pair. */
function pairClass(text: string, at: number, to: number): number {
  const code = at + 1 < to ? (text.codePointAt(at) as number) : 0;
  if (code < 65536) return other;
  beyond ??= new Uint8Array(0x110000 - 65536);
  const known = beyond[code - 65536] as number;
  if (known !== 0) return known;
  const found = classOf(String.fromCodePoint(code));
  beyond[code - 65536] = found;
  return found;
}

/** Where the word that begins at `at` ends; the text is taken to end at `to`, which must be beyond `at`. */
export function preTokenEnd(text: string, at: number, to: number): number {
  basic ??= basicClasses();
  const classes = basic;
  const unit = text.charCodeAt(at);
  if (unit === 0x27) {
    const length = contractionLength(text, at, to);
    if (length > 0) return at + length;
  }
  let from = at;
  let kind = (classes[unit] as number) || pairClass(text, at, to);
  if (unit === 0x20 && at + 1 < to) {
    // A single space belongs to the word after it.
    const next = (classes[text.charCodeAt(at + 1)] as number) || pairClass(text, at + 1, to);
    if (next !== space) {
      kind = next;
      from = at + 1;
    }
  }
  let end = from;
  while (end < to) {
    const one = classes[text.charCodeAt(end)] as number;
    if (one === kind) end++;
    else if (one !== 0 || pairClass(text, end, to) !== kind) break;
    else end += end + 1 < to && (text.codePointAt(end) as number) > 65535 ? 2 : 1;
  }
  // Of several spaces before a word, the last is left to it: `\s+(?!\S)`.
  return kind === space && end < to && end - at > 1 ? end - 1 : end;
}

/** The length of `'s`, `'t`, `'re`, `'ve`, `'m`, `'ll` or `'d` at `at`, otherwise 0. */
function contractionLength(text: string, at: number, to: number): number {
  const first = at + 1 < to ? text[at + 1] : '';
  if (first === 's' || first === 't' || first === 'm' || first === 'd') return 2;
  const second = at + 2 < to ? text[at + 2] : '';
  const long = (first === 'r' && second === 'e') || (first === 'v' && second === 'e') || (first === 'l' && second === 'l');
  return long ? 3 : 0;
}

/** Stretches of blanks (space, tab, line ends) and of anything else, in turn: where the one that begins at `at` ends. */
export function blankEnd(text: string, at: number, to: number): number {
  const blank = isBlank(text.charCodeAt(at));
  let end = at + 1;
  while (end < to && isBlank(text.charCodeAt(end)) === blank) end++;
  return end;
}

function isBlank(unit: number): boolean {
  return unit === 0x20 || unit === 0x0a || unit === 0x0d || unit === 0x09;
}
