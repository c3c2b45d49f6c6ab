/**
 * Which tokens of two texts belong together: the longest common subsequence of their ids (dynamic programming; Wagner and
 * Fischer 1974). Of texts of one length whose ids differ in places, those places are pairs too: a word was exchanged.
 */
export function alignTokens(a: readonly number[], b: readonly number[]): (readonly [number, number])[] {
  if (a.length === b.length) return a.map((_, i) => [i, i] as const);
  const width = b.length + 1;
  const longest = new Int32Array((a.length + 1) * width);
  for (let i = a.length - 1; i >= 0; i--) {
    for (let j = b.length - 1; j >= 0; j--) {
      const at = i * width + j;
      longest[at] =
        a[i] === b[j] ? (longest[at + width + 1] as number) + 1 : Math.max(longest[at + width] as number, longest[at + 1] as number);
    }
  }
  const pairs: (readonly [number, number])[] = [];
  for (let i = 0, j = 0; i < a.length && j < b.length; ) {
    if (a[i] === b[j]) pairs.push([i++, j++]);
    else if ((longest[(i + 1) * width + j] as number) >= (longest[i * width + j + 1] as number)) i++;
    else j++;
  }
  return pairs;
}
