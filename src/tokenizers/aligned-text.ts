/** A text made from another, with where each part of it comes from. */
export interface AlignedText {
  readonly text: string;
  /** By UTF-16 unit of `text`: [start, end) in the text it was made from. */
  readonly starts: readonly number[];
  readonly ends: readonly number[];
}

/** A text as it is. @param origin where it begins in the text that offsets count in */
export function unchanged(text: string, origin: number): AlignedText {
  const starts: number[] = [];
  const ends: number[] = [];
  for (const character of text) {
    for (let unit = 0; unit < character.length; unit++) {
      starts.push(origin + starts.length - unit);
      ends.push(starts.at(-1) as number);
    }
    for (let unit = 1; unit <= character.length; unit++) ends[ends.length - unit] = (starts.at(-1) as number) + character.length;
  }
  return { text, starts, ends };
}

/** A part of an aligned text. */
export function sliceAligned({ text, starts, ends }: AlignedText, from: number, to: number): AlignedText {
  return { text: text.slice(from, to), starts: starts.slice(from, to), ends: ends.slice(from, to) };
}

/**
 * What becomes of a text when it is changed piece by piece, each piece keeping the place it has: a letter with its
 * accents is a piece, or each of them where that comes to the same.
 *
 * @param change makes the new text of a piece, the same whatever stands around it
 */
export function changedByPieces(source: string, origin: number, change: (piece: string) => string): AlignedText {
  const texts: string[] = [];
  const starts: number[] = [];
  const ends: number[] = [];
  const put = (text: string, start: number, length: number): void => {
    texts.push(text);
    for (let unit = 0; unit < text.length; unit++) {
      starts.push(start);
      ends.push(start + length);
    }
  };
  for (const { 0: piece, index } of source.matchAll(/\P{M}\p{M}*|\p{M}+/gu)) {
    const characters = Array.from(piece);
    const whole = change(piece);
    if (characters.length > 1 && whole === characters.map(change).join('')) {
      let at = origin + index;
      for (const c of characters) {
        put(change(c), at, c.length);
        at += c.length;
      }
    } else put(whole, origin + index, piece.length);
  }
  return { text: texts.join(''), starts, ends };
}

/** How far ahead to look where two texts differ. */
const farthest = 256;

/**
 * Finds a text again in one that it differs from by what was left out, put in or replaced: where the two differ, the
 * nearest place where they agree again counts. What was put in stands for nothing: an empty range. `▁` agrees with a space.
 */
export function realigned(source: AlignedText, text: string): AlignedText {
  const starts: number[] = [];
  const ends: number[] = [];
  const agree = (at: number, unit: number): boolean => {
    const [a, b] = [source.text[at], text[unit]];
    return a !== undefined && (a === b || (a === ' ' && b === '▁'));
  };
  let at = 0;
  // Most often nothing was changed, or something was put before everything.
  const put = text.endsWith(source.text) ? text.length - source.text.length : 0;
  for (let unit = 0; unit < put; unit++) {
    starts.push(source.starts[0] ?? 0);
    ends.push(source.starts[0] ?? 0);
  }
  for (let unit = put; unit < text.length; ) {
    if (!agree(at, unit)) {
      const [left, put] = resync(source.text.length - at, text.length - unit, (i, j) => agree(at + i, unit + j));
      at += left;
      const here = source.starts[at] ?? source.ends.at(-1) ?? 0;
      for (let i = 0; i < put; i++, unit++) {
        starts.push(here);
        ends.push(here);
      }
      if (left + put > 0) continue;
    }
    starts.push(source.starts[at] as number);
    ends.push(source.ends[at] as number);
    at++;
    unit++;
  }
  return { text, starts, ends };
}

/** How much to leave out of the one or to put into the other until they agree: [0, 0] to take the one for the other. */
function resync(left: number, right: number, agree: (i: number, j: number) => boolean): [leaveOut: number, putIn: number] {
  if (left === 0) return [0, right];
  for (let k = 1; k < farthest; k++) {
    if (k < left && agree(k, 0)) return [k, 0];
    if (k < right && agree(0, k)) return [0, k];
  }
  return [0, 0];
}
